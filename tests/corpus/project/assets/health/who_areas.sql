-- A row speaks of a country, or of a WHO region, or of the world: one column for all of them.
SELECT *,
    CASE
        WHEN nullif(COUNTRY, '') IS NOT NULL THEN COUNTRY
        WHEN REGION = 'GLOBAL' THEN 'WLD'
        WHEN nullif(REGION, '') IS NOT NULL THEN 'WHO_' || REGION
    END AS area
FROM raw
