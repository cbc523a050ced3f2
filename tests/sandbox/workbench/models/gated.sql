select * from read_csv('{{ var("gate") }}')
