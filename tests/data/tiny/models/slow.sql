{{ config(materialized='table') }}
-- Long enough to be cancelled; never finished by a test.
select count(*) as pairs
from range(1000000) as one, range(1000000) as other
where hash(one.range + other.range) % 7 = 3
