//go:build !js

package main

import (
	"fmt"
	"log"
	"os"

	"tlslab/handshake/narrate"
)

// main prints what the page would show: with a seed as argument, the same each time.
func main() {
	seed := ""
	if len(os.Args) > 1 {
		seed = os.Args[1]
	}
	text, err := play(seed, narrate.En)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(text)
}
