module tlslab

go 1.26.0
