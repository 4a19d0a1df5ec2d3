//go:build js && wasm

package main

import (
	"syscall/js"

	"tlslab/handshake/narrate"
)

// main gives the page a function: tlslabPlay(seed, lang) returns the transcript, or throws
// nothing and returns what went wrong.
func main() {
	js.Global().Set("tlslabPlay", js.FuncOf(func(_ js.Value, args []js.Value) any {
		if len(args) != 2 {
			return "tlslabPlay wants a seed and a language, \"en\" or \"zh\""
		}
		text, err := play(args[0].String(), narrate.Lang(args[1].String()))
		if err != nil {
			return err.Error()
		}
		return text
	}))
	js.Global().Call("dispatchEvent", js.Global().Get("Event").New("tlslab"))
	select {} // for as long as the page may call it
}
