{# The email address; for the first `bad_rows` customers one that no destination takes. #}
{% macro spoilt_email(email, customer_id) -%}
    {%- if var('bad_rows') | int > 0 -%}
    case
        when {{ customer_id }} > {{ var('bad_rows') | int }} then {{ email }}
        when {{ customer_id }} % 3 = 0 then null
        when {{ customer_id }} % 3 = 1 then replace({{ email }}, '@', ' at ')
        else split_part({{ email }}, '@', 1) || '@'
    end
    {%- else -%}
    {{ email }}
    {%- endif -%}
{%- endmacro %}
