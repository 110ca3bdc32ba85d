"""Write the table of linear attenuation that the scanner model uses, from the Elam tables of xraydb.

Run ``python tools/make_attenuation_table.py > src/trocar/phantom/attenuation.csv`` with ``xraydb`` installed.
"""

import xraydb

DENSITY_G_PER_CM3 = {"titanium": 4.506, "silver": 10.49, "steel": 7.9, "nitinol": 6.45, "calcium_hydroxyapatite": 3.16}
STEEL = {"Fe": 0.70, "Cr": 0.18, "Ni": 0.10, "Mn": 0.02}
NITINOL = {"Ni": 0.56, "Ti": 0.44}


def mass_attenuation(elements: dict[str, float], energy_ev: float) -> float:
    """Return the mass attenuation coefficient of a mixture by mass, cm²/g."""
    return sum(share * float(xraydb.mu_elam(element, energy_ev)) for element, share in elements.items())


def row(energy_kev: int) -> list[float]:
    """Return the linear attenuation of every material at one energy, 1/mm."""
    energy_ev = 1000.0 * energy_kev
    hydroxyapatite = {"Ca": 0.3989, "P": 0.1850, "O": 0.4141, "H": 0.0020}
    per_cm = [
        float(xraydb.material_mu("H2O", energy_ev, density=1.0)),
        DENSITY_G_PER_CM3["titanium"] * mass_attenuation({"Ti": 1.0}, energy_ev),
        DENSITY_G_PER_CM3["silver"] * mass_attenuation({"Ag": 1.0}, energy_ev),
        DENSITY_G_PER_CM3["steel"] * mass_attenuation(STEEL, energy_ev),
        DENSITY_G_PER_CM3["nitinol"] * mass_attenuation(NITINOL, energy_ev),
        DENSITY_G_PER_CM3["calcium_hydroxyapatite"] * mass_attenuation(hydroxyapatite, energy_ev),
    ]
    return [0.1 * value for value in per_cm]


def main() -> None:
    """Print the table."""
    print("# Linear attenuation coefficient with coherent scattering, 1/mm")
    print(
        "# Source: W. T. Elam, B. D. Ravel, J. R. Sieber, Radiat. Phys. Chem. 63 (2002) 121-128, as tabulated in xraydb"
    )
    print("# Densities g/cm3: water 1, titanium 4.506, silver 10.49, steel 7.9 (Fe70 Cr18 Ni10 Mn2),")
    print("# nitinol 6.45 (Ni56 Ti44), hydroxyapatite 3.16; regenerate by tools/make_attenuation_table.py")
    print("energy_kev,water,titanium,silver,steel,nitinol,hydroxyapatite")
    for energy_kev in range(20, 151, 2):
        print(",".join([str(energy_kev), *(f"{value:.6g}" for value in row(energy_kev))]))


if __name__ == "__main__":
    main()
