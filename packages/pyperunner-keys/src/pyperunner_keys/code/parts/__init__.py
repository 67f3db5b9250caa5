"""Parts by what they describe: what a function, a class, a constant and a module is made of."""
