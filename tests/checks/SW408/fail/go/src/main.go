package main

import "os"

func password() string {
	p := os.Getenv("DB_PASSWORD")
	if p == "" {
		p = "postgres"
	}
	return p
}
