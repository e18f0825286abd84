"""How an expectation's metrics are computed on DuckDB: few statements, few scans.

Belongs here: the SQL of each kind of expectation (`conditions`, `aggregates`), unique keys
(`unique`), queries that are a plain condition (`plain_query`), what is asked of one suite together
(`plan`, `measure`), and Great Expectations' own path for whatever is not known here (`stock`).
Does not belong here: what an expectation's result means. Great Expectations judges that from the
metrics, whoever computed them (`expectations.runner.duckdb_engine`).

Each SQL says what Great Expectations' own says, NULL and NaN included; tests compare them.
"""
