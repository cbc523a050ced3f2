select
    order_id,
    customer_id,
    ordered_on,
    status,
    amount,
    status in ('completed', 'shipped') as is_revenue
from {{ ref('raw_orders') }}
