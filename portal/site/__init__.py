"""The static site: a portal in a folder, in Vietnamese and English.

    index.html                                  leads to vi/
    vi/index.html, en/index.html                the catalogue
    vi/<sector>/index.html, en/...              all datasets of a sector, in pages of 100
    vi/city.html, vi/places/..., en/...         the city, countries, provinces: all that is known
    vi/indicators/<code>.html, en/...           an indicator across datasets
    vi/search-index.js, vi/search-texts.js      what the search reads, when it is used
    vi/quality.html, en/quality.html            quality by sector, what is blocked, worse or late
    vi/quality/<sector>/index.html, en/...      quality of all datasets of a sector
    vi/failures.atom, en/failures.atom          feed of incidents
    metrics.txt                                 quality as Prometheus reads it
    vi/<sector>/<dataset>.html, en/...          a dataset's page
    datasets/<sector>/<dataset>/<file>          the current release's files
    datasets/<sector>/<dataset>/dataset.json    machine-readable summary, with checksums
    datasets/<sector>/<dataset>/dcat.jsonld     description in DCAT-AP; dcat.ttl is the same
    datasets/<sector>/<dataset>/figures.tsv     figures of each place, for the shared pages
    datasets/<sector>/<dataset>/releases/<n>/   files of older releases
    catalog.jsonld, catalogue.json, assets/, 404.html

Plain files with relative links: they open from a folder, from `serve`, or from any web server.
Belongs here: pages, charts, and how they get into the folder. Does not belong here: the formats of
the downloads (portal/distributions) and the pages about quality (portal/quality).
"""
