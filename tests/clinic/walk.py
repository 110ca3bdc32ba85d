"""Every kind of page that links lead to, as each role; what was seen as one role is not opened again as the next."""

import re
from collections import Counter, deque
from collections.abc import Callable, Iterator

ROLES = ("operator", "physicist", "nurse", "safety", "affairs", "admin")
NO_PAGES = re.compile(
    r"/(account/logout|static|api)/|/spreadsheet/|/file/|\.svg|\.pdf|/self-assessments/\d+/[^/]+/|/sign/|/welcome/"
)
LINK = re.compile(r'href="([^"#]+)"')
STARTS = ("/today/", "/search/?q=示例", "/search/")
FOR_EVERY_ROLE = {"cases", "procedures", "plans", "lots", "connections"}
"""Books whose rows offer other deeds in other states and to other roles: each role opens some rows of these."""

ROWS, ROWS_FOR_EVERY_ROLE = 2, 5


def kind_of(path: str) -> str:
    """Return an address with its row numbers, keys of indicators and query left out."""
    plain = re.sub(r"^(/quality/of/[\w-]+/)[^/]+/$", r"\1KEY/", path.split("?", maxsplit=1)[0])
    return re.sub(r"/\d+(?=/)", "/N", plain)


def links_in(html: str, here: str) -> Iterator[str]:
    """Yield where the links of a page lead within the record."""
    base = here.split("?", maxsplit=1)[0]
    for each in LINK.findall(html):
        path = each.replace("&amp;", "&")
        if path.startswith(("?", "http:", "https:", "mailto:")):
            continue
        path = path if path.startswith("/") else base + path
        if not NO_PAGES.search(path):
            yield path


class Walk:
    """What was seen so far; `go` walks on as one role."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()

    def go(self, visit: Callable[[str], str]) -> None:
        """Open page after page; `visit` opens one and returns its HTML."""
        todo, opened, mine = deque(STARTS), set[str](), Counter[str]()
        while todo:
            path = todo.popleft()
            kind = kind_of(path)
            if path not in opened and self._wanted(path, kind, mine):
                opened.add(path)
                self.seen[kind] += 1
                mine[kind] += 1
                todo.extend(links_in(visit(path), path))

    def _wanted(self, path: str, kind: str, mine: Counter[str]) -> bool:
        if path in STARTS:
            return True
        row = re.fullmatch(r"/records/([\w-]+)/N/", kind)
        if row and row[1] in FOR_EVERY_ROLE:
            return mine[kind] < ROWS_FOR_EVERY_ROLE
        return self.seen[kind] < (ROWS if row else 1)
