select
    subscriptions.subscription_id,
    subscriptions.customer_id,
    {{ spoilt_email('customers.email', 'customers.customer_id') }} as email,
    subscriptions.plan,
    subscriptions.monthly_price,
    subscriptions.started_on
from {{ ref('stg_subscriptions') }} as subscriptions
inner join {{ ref('stg_customers') }} as customers
    on customers.customer_id = subscriptions.customer_id
where subscriptions.is_active
