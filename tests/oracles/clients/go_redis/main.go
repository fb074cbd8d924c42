// go-redis: says what it makes of a URL. Called with the URL and a prefix for keys; see ../../README.md.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

type answer struct {
	Whoami  string  `json:"whoami"`
	Got     string  `json:"got"`
	DB      int     `json:"db"`
	Foreign *string `json:"foreign"`
}

func probe(url, prefix string) (answer, error) {
	var said answer
	options, err := redis.ParseURL(url)
	if err != nil {
		return said, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	client := redis.NewClient(options)
	defer client.Close()

	if err := client.Set(ctx, prefix+"probe", "written by go-redis", 0).Err(); err != nil {
		return said, err
	}
	if said.Whoami, err = client.Do(ctx, "ACL", "WHOAMI").Text(); err != nil {
		return said, err
	}
	if said.Got, err = client.Get(ctx, prefix+"probe").Result(); err != nil {
		return said, err
	}
	info, err := client.Do(ctx, "CLIENT", "INFO").Text()
	if err != nil {
		return said, err
	}
	db := regexp.MustCompile(`(?:^| )db=(\d+)`).FindStringSubmatch(info)
	if db == nil {
		return said, fmt.Errorf("no db= in %q", info)
	}
	if said.DB, err = strconv.Atoi(db[1]); err != nil {
		return said, err
	}
	if err := client.Get(ctx, "foreign:probe").Err(); err != nil && err != redis.Nil {
		text := err.Error()
		said.Foreign = &text
	}
	return said, nil
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "--version" {
		fmt.Println(redis.Version())
		return
	}
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "wanted: a URL and a prefix for keys")
		os.Exit(1)
	}
	said, err := probe(os.Args[1], os.Args[2])
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(said)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
