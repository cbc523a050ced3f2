with orders as (

    select
        customer_id,
        count(*) as orders_count,
        sum(case when is_revenue then amount else 0 end) as lifetime_value,
        min(ordered_on) as first_order_on,
        max(ordered_on) as last_order_on
    from {{ ref('stg_orders') }}
    group by customer_id

),

plans as (

    select customer_id, plan
    from {{ ref('stg_subscriptions') }}
    where is_active

)

select
    customers.customer_id,
    {{ spoilt_email('customers.email', 'customers.customer_id') }} as email,
    customers.first_name,
    customers.last_name,
    customers.full_name,
    customers.country,
    customers.signed_up_on,
    coalesce(plans.plan, 'free') as plan,
    coalesce(orders.orders_count, 0) as orders_count,
    cast(coalesce(orders.lifetime_value, 0) as decimal(12, 2)) as lifetime_value,
    {%- if var('break_model') %}
    orders.loyalty_points,
    {%- endif %}
    orders.first_order_on,
    orders.last_order_on
from {{ ref('stg_customers') }} as customers
left join orders on orders.customer_id = customers.customer_id
left join plans on plans.customer_id = customers.customer_id
