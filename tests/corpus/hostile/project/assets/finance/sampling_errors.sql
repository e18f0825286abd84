-- The office of Spain writes T (trimestre) for a quarter. The file has lost its accents.
SELECT * REPLACE (
  replace(periodo, 'T', '-Q') AS periodo, replace(sector_econ_mico, '�', '_') AS sector_econ_mico
)
FROM raw
