select person_id, 'hello ' || name as greeting from {{ ref('people') }}
