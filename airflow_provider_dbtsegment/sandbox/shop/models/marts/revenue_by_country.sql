select
    country,
    count(*) as customers_count,
    cast(sum(orders_count) as bigint) as orders_count,
    cast(sum(lifetime_value) as decimal(12, 2)) as revenue
from {{ ref('customers') }}
group by country
