{{ config(materialized='table') }}
select range as person_id,
       'person ' || range as name,
       case when range < {{ var('bad', 0) }} then 'nowhere' else 'p' || range || '@example.com' end
           as email
from range({{ var('people', 20) }})
{% if var('broken', false) %} where no_such_column = 1 {% endif %}
