"""Temperature and death of tissue under ablation: `trocar.heat.simulate.simulate` is the door."""
