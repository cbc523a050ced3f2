select
    subscription_id,
    customer_id,
    plan,
    monthly_price,
    started_on,
    cancelled_on,
    cancelled_on is null as is_active
from {{ ref('raw_subscriptions') }}
