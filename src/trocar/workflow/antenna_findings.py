"""What a simulation says of its microwave antennas: which model gave their heat, and what the computed field shows."""

import numpy as np

from trocar.catalogue.tissues import load_dielectric_fall
from trocar.heat.antenna_field import AntennaLattice
from trocar.heat.base import HeatProblem, Surroundings
from trocar.heat.crew import Crew
from trocar.heat.sources.coaxial_antenna import CoaxialAntenna, host_label
from trocar.heat.sources.microwave import MicrowaveAntenna
from trocar.messages import Message
from trocar.results.findings import Finding, Severity

MUCH_REFLECTED = 0.25
"""An antenna that sends back more than this in the tissue at hand is not matched to it."""


def antenna_findings(problem: HeatProblem) -> tuple[Finding, ...]:
    """Return one finding an antenna of known parts, and one for all parametric ones."""
    found = [_of_field(problem, source) for source in problem.sources if isinstance(source, CoaxialAntenna)]
    if any(isinstance(source, MicrowaveAntenna) for source in problem.sources):
        found.append(_of_parameters(next(s for s in problem.sources if isinstance(s, MicrowaveAntenna))))
    return tuple(found)


def _of_field(problem: HeatProblem, source: CoaxialAntenna) -> Finding:
    tissues = problem.tissue_map.tissues
    surroundings = Surroundings(
        grid=problem.tissue_map.grid,
        labels_kji=np.asarray(problem.tissue_map.labels.values_kji),
        tissues=tissues,
        crew=Crew(1),
    )
    tissue = tissues[host_label(source, surroundings) - 1]
    fall = load_dielectric_fall(source.fall) if source.fall else None
    lattice = AntennaLattice(source.design, tissue, source.band, fall=fall)
    answer = lattice.answer()
    return Finding(
        severity=Severity.ATTENTION if answer.reflected > MUCH_REFLECTED else Severity.NOTE,
        message=Message(
            code="ablation.antenna-field",
            template="antenna {label}: its field at {mhz:.0f} MHz was computed from what it is built of, as if the "
            "tissue that fills most of its surroundings (permittivity {permittivity:g}, {sigma:g} S/m) lay all around; "
            "of the power that arrives ({efficiency:.0%} of the generator's, assumed) it reflects {reflected:.1%} and "
            "tissue at 37 °C takes up {absorbed:.1%}",
            data={
                "label": source.label,
                "mhz": source.band.value,
                "permittivity": lattice.permittivity,
                "sigma": lattice.conductivity,
                "efficiency": source.efficiency,
                "reflected": answer.reflected,
                "absorbed": answer.absorbed,
            },
        ),
    )


def _of_parameters(source: MicrowaveAntenna) -> Finding:
    return Finding(
        severity=Severity.NOTE,
        message=Message(
            code="ablation.antenna-parametric",
            template="the heat of microwave antennas follows the parametric model: power spread over {length:g} mm of "
            "the shaft, of which {efficiency:.0%} reach tissue, both assumed; the field of an antenna whose parts the "
            "catalogue knows can be computed instead",
            data={"length": source.active_mm, "efficiency": source.efficiency},
        ),
    )
