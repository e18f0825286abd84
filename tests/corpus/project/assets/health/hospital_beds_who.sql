-- Older rows have the figure in `Display Value` alone. Where a newer row with `Numeric` speaks of
-- the same place and year, the older one is superseded; so is a row that names no source by one
-- that does.
SELECT *, coalesce(nullif(Numeric, ''), "Display Value") AS beds
FROM (
    -- A row speaks of a country, a WHO region, an income group of the World Bank, or the world.
    SELECT *,
        CASE
            WHEN nullif(COUNTRY, '') IS NOT NULL THEN COUNTRY
            WHEN REGION = 'GLOBAL' THEN 'WLD'
            WHEN nullif(REGION, '') IS NOT NULL AND REGION <> 'NOTSPEC' THEN 'WHO_' || REGION
            WHEN WORLDBANKINCOMEGROUP = 'WB_HI' THEN 'HIC'
            WHEN WORLDBANKINCOMEGROUP = 'WB_UMI' THEN 'UMC'
            WHEN WORLDBANKINCOMEGROUP = 'WB_LMI' THEN 'LMC'
            WHEN WORLDBANKINCOMEGROUP = 'WB_LI' THEN 'LIC'
            WHEN WORLDBANKINCOMEGROUP = 'WB_WORLD_INCOME' THEN 'WLD'
        END AS area
    FROM raw
)
QUALIFY rank() OVER (
    PARTITION BY area, YEAR ORDER BY nullif(Numeric, '') IS NULL, nullif(Comments, '') IS NULL
) = 1
