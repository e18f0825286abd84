"""`openindicators new`: inspect a file, scaffold the declaration and the suite that read it."""
