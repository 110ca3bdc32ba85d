"""How the record is set up and started; the only reader of the environment. Importing it loads no Django."""
