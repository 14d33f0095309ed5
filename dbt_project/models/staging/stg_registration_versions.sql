select *, true as is_in_force from {{ source('landing', 'registration') }}
union all by name
select *, false as is_in_force from {{ source('landing', 'registration_earlier') }}
