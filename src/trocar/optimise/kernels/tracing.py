"""Many straight lines through distance fields, fast and never too optimistic.

Points are in voxels of the fields' grid (fractional i, j, k); a voxel is a cube of ``step`` mm. Between two samples of
a distance, a line cannot come nearer to a thing than the height of the triangle that both distances and the way between
them span; that, and a bound on what trilinear interpolation can overstate, make every result a lower bound.
"""

import numpy as np
from numba import njit

leaf = njit(cache=True, nogil=True, _nrt=False)


@leaf
def trilinear(field, x, y, z):  # type: ignore[no-untyped-def]
    """Return the field between its nodes; beyond them the nearest node counts."""
    nk, nj, ni = field.shape
    x = min(max(x, 0.0), ni - 1.000001)
    y = min(max(y, 0.0), nj - 1.000001)
    z = min(max(z, 0.0), nk - 1.000001)
    i, j, k = int(x), int(y), int(z)
    u, v, w = np.float32(x - i), np.float32(y - j), np.float32(z - k)
    a = field[k, j, i] + u * (field[k, j, i + 1] - field[k, j, i])
    b = field[k, j + 1, i] + u * (field[k, j + 1, i + 1] - field[k, j + 1, i])
    c = field[k + 1, j, i] + u * (field[k + 1, j, i + 1] - field[k + 1, j, i])
    d = field[k + 1, j + 1, i] + u * (field[k + 1, j + 1, i + 1] - field[k + 1, j + 1, i])
    front = a + v * (b - a)
    return front + w * (c + v * (d - c) - front)


@leaf
def overstated(distance, step):  # type: ignore[no-untyped-def]
    """Return by how much an interpolated distance may exceed the true one.

    The distance to a point at least r away bends by at most 1/r across its direction, so that linear interpolation in
    three directions errs by at most step²/(4 r); in any cell it errs by less than its half diagonal.
    """
    half_diagonal = 0.8660254 * step
    return min(half_diagonal, step * step / (4.0 * max(distance - half_diagonal, 0.2886751 * step)))


@leaf
def nearest_between(first, second, way):  # type: ignore[no-untyped-def]
    """Return the least distance possible between two samples ``way`` apart."""
    foot = (first * first - second * second + way * way) / (2.0 * way)
    if foot <= 0.0 or foot >= way:
        return min(first, second)
    return np.sqrt(max(0.0, first * first - foot * foot))


@leaf
def clearance_of_line(field, step, start, stop, enough):  # type: ignore[no-untyped-def]
    """Return a lower bound of the distance along a line, in mm; the walk ends once it is below ``enough``.

    Where the distance is D and the least so far is L, nothing nearer than L can lie within D - L: so far the walk may
    jump. It always jumps a quarter of D, which costs the bound less than 1 % of D.
    """
    dx, dy, dz = stop[0] - start[0], stop[1] - start[1], stop[2] - start[2]
    length = np.sqrt(dx * dx + dy * dy + dz * dz) * step
    here = trilinear(field, start[0], start[1], start[2])
    here -= overstated(here, step)
    least = here
    done = 0.0
    shortest = 0.5 * step
    while done < length:
        jump = min(max(shortest, here - least, 0.25 * here), length - done)
        done += jump
        share = done / length
        there = trilinear(field, start[0] + share * dx, start[1] + share * dy, start[2] + share * dz)
        there -= overstated(there, step)
        least = min(least, nearest_between(here, there, jump) if min(here, there) > 0.0 else there)
        if least < enough:
            return least
        here = there
    return least


@njit(cache=True, nogil=True)
def clearances(field, step, starts, stops, enough, result):  # type: ignore[no-untyped-def]
    """Fill ``result`` with the clearance of each line."""
    for n in range(starts.shape[0]):
        result[n] = clearance_of_line(field, step, starts[n], stops[n], enough)


@leaf
def clear_way(field, step, start, stop, enough):  # type: ignore[no-untyped-def]
    """Return how far along a line, in mm, the lower bound of the distance stays at ``enough``; 0 if it begins below.

    The walk is that of `clearance_of_line`; where a jump is refused, shorter ones are tried, to an eighth of a voxel.
    """
    dx, dy, dz = stop[0] - start[0], stop[1] - start[1], stop[2] - start[2]
    length = np.sqrt(dx * dx + dy * dy + dz * dz) * step
    here = trilinear(field, start[0], start[1], start[2])
    here -= overstated(here, step)
    if here < enough:
        return 0.0
    least = here
    done = 0.0
    shortest = 0.5 * step
    while done < length:
        jump = min(max(shortest, here - least, 0.25 * here), length - done)
        while True:
            share = (done + jump) / length
            there = trilinear(field, start[0] + share * dx, start[1] + share * dy, start[2] + share * dz)
            there -= overstated(there, step)
            bound = nearest_between(here, there, jump) if min(here, there) > 0.0 else there
            if bound >= enough:
                break
            jump *= 0.5
            if jump < 0.25 * shortest:
                return done
        done += jump
        least = min(least, bound)
        here = there
    return length


@njit(cache=True, nogil=True)
def clear_ways(field, step, starts, stops, enough, result):  # type: ignore[no-untyped-def]
    """Fill ``result`` with how far each line keeps ``enough`` distance."""
    for n in range(starts.shape[0]):
        result[n] = clear_way(field, step, starts[n], stops[n], enough)


@leaf
def _free_way(field, step, start, stop):  # type: ignore[no-untyped-def]
    dx, dy, dz = stop[0] - start[0], stop[1] - start[1], stop[2] - start[2]
    length = np.sqrt(dx * dx + dy * dy + dz * dz) * step
    done = 0.0
    while True:
        share = done / length
        room = trilinear(field, start[0] + share * dx, start[1] + share * dy, start[2] + share * dz)
        if room < 0.0:
            return done
        if done >= length:
            return np.inf
        done = min(done + max(0.5 * step, room), length)


@njit(cache=True, nogil=True)
def free_ways(field, step, starts, stops, result):  # type: ignore[no-untyped-def]
    """Fill ``result`` with where along each line, in mm, the field is first sampled negative; infinity if nowhere.

    A first, permissive sieve: what it passes may still come too near.
    """
    for n in range(starts.shape[0]):
        result[n] = _free_way(field, step, starts[n], stops[n])


@leaf
def _crossing(before, after):  # type: ignore[no-untyped-def]
    """Return where between two samples the level 0.5 lies, 0 to 1."""
    return (0.5 - before) / (after - before)


@leaf
def _closed(n, entered, finish, total, count, wanted, allowed, served, refused):  # type: ignore[no-untyped-def]
    """Note a stretch that is over; return the length inside so far and the number of stretches."""
    if np.isnan(served[n]) and total + finish - entered >= wanted:
        served[n] = entered + wanted - total
    if finish - entered >= 1.0:
        count += 1
        if count == allowed + 1:
            refused[n] = entered
    return total + finish - entered, count


@njit(cache=True, nogil=True)
def stretches(  # type: ignore[no-untyped-def]
    occupancy, step, starts, ways, span, wanted, allowed, first, last, inside, times, served, refused
):
    """Walk along lines and note where they run inside a thing.

    ``ways`` are unit vectors, ``span`` is the part of each line to walk; all results in mm from the start: where the
    line enters first, where it leaves last, how much of it is inside, and how many stretches of at least 1 mm there
    are; NaN where the line misses. Further: where ``wanted`` mm of it have run inside (NaN where they never do), and
    where the stretch begins that is one more than ``allowed`` (infinity where none does).
    """
    pace = 0.5 * step
    for n in range(starts.shape[0]):
        x, y, z = starts[n, 0], starts[n, 1], starts[n, 2]
        ux, uy, uz = ways[n, 0] / step, ways[n, 1] / step, ways[n, 2] / step
        begin, finish, total, count = np.nan, np.nan, 0.0, 0
        served[n], refused[n] = np.nan, np.inf
        t, end = span[n, 0], span[n, 1]
        before = trilinear(occupancy, x + t * ux, y + t * uy, z + t * uz)
        entered = t
        if before >= 0.5:
            begin = t
        while t < end:
            gone = min(pace, end - t)
            t += gone
            now = trilinear(occupancy, x + t * ux, y + t * uy, z + t * uz)
            if now >= 0.5 and before < 0.5:
                entered = t - gone + gone * _crossing(before, now)
                if np.isnan(begin):
                    begin = entered
            elif now < 0.5 and before >= 0.5:
                finish = t - gone + gone * _crossing(before, now)
                total, count = _closed(n, entered, finish, total, count, wanted, allowed, served, refused)
            before = now
        if before >= 0.5:
            finish = t
            total, count = _closed(n, entered, finish, total, count, wanted, allowed, served, refused)
        first[n], last[n], inside[n], times[n] = begin, finish, total, count
