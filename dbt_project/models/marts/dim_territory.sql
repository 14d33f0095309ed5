-- Population is municipal: that of the commune list for communes, departments and regions, that of the member list of the EPCI
-- for EPCI. An EPCI belongs to the region where most of its inhabitants live.
with communes as (
    select * from {{ source('reference', 'commune') }} where kind = 'commune'
),

epci_regions as (
    select vintage, epci_code, region_code, sum(population_in_epci) as population
    from communes
    where epci_code is not null
    group by all
),

epcis as (
    select
        vintage,
        epci_code,
        arg_max(region_code, (population, region_code)) as region_code,
        sum(population) as population,
        max(population) / nullif(sum(population), 0) as region_population_share
    from epci_regions
    group by all
),

departments as (
    select vintage, department_code, sum(population) as population from communes group by all
),

regions as (
    select vintage, region_code, sum(population) as population from communes group by all
),

territories as (
    select
        'commune' as level, communes.code, communes.name, communes.vintage, communes.kind, communes.code as commune_code,
        communes.epci_code, communes.department_code, communes.region_code, communes.population,
        cast(null as double) as region_population_share
    from communes
    union all by name
    select
        'epci' as level, epci.code, epci.name, epci.vintage, epci.kind, epci.code as epci_code,
        epcis.region_code, epcis.population, epcis.region_population_share
    from {{ source('reference', 'epci') }} as epci
    left join epcis on epcis.vintage = epci.vintage and epcis.epci_code = epci.code
    union all by name
    select
        'department' as level, department.code, department.name, department.vintage, 'département' as kind,
        department.code as department_code, department.region_code, departments.population
    from {{ source('reference', 'department') }} as department
    left join departments on departments.vintage = department.vintage and departments.department_code = department.code
    union all by name
    select
        'region' as level, region.code, region.name, region.vintage, 'région' as kind, region.code as region_code,
        regions.population
    from {{ source('reference', 'region') }} as region
    left join regions on regions.vintage = region.vintage and regions.region_code = region.code
    union all by name
    select level, level as code, name, 0 as vintage
    from (values ('online', 'À distance'), ('unknown', 'Non localisé')) as nowhere (level, name)
)

select
    {{ key(['territories.level', 'territories.code', 'territories.vintage']) }} as territory_key,
    territories.level,
    territories.code,
    territories.name,
    territories.vintage,
    territories.kind,
    territories.commune_code,
    territories.epci_code,
    epci.name as epci_name,
    territories.department_code,
    department.name as department_name,
    territories.region_code,
    region.name as region_name,
    cast(territories.population as integer) as population,
    territories.region_population_share
from territories
left join {{ source('reference', 'epci') }} as epci
    on epci.vintage = territories.vintage and epci.code = territories.epci_code
left join {{ source('reference', 'department') }} as department
    on department.vintage = territories.vintage and department.code = territories.department_code
left join {{ source('reference', 'region') }} as region
    on region.vintage = territories.vintage and region.code = territories.region_code
