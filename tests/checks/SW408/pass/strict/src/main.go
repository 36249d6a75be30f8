package main

import (
	"log"
	"os"
)

func password() string {
	p := os.Getenv("DB_PASSWORD")
	if p == "" {
		log.Fatal("DB_PASSWORD is not set")
	}
	return p
}
