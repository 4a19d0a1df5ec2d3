package mermaid_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/render/mermaid"
	"tlslab/handshake/render/rendertest"
	"tlslab/handshake/render/sheet"
)

func TestStateDiagram(t *testing.T) {
	for _, r := range []event.Role{event.Client, event.Server} {
		for name, v := range map[string]iana.Version{"tls12": iana.TLS12, "tls13": iana.TLS13, "": 0} {
			var b bytes.Buffer
			if err := mermaid.StateDiagram(&b, handshake.Moves(r), v); err != nil {
				t.Fatal(err)
			}
			if name != "" {
				rendertest.Golden(t, "states."+r.String()+"."+name+".mmd", b.Bytes())
			}
			drawn := 0
			for _, m := range handshake.Moves(r) {
				row := fmt.Sprintf("%v --> %v: %v %s", m.In, m.To, m.Dir, sheet.Title(m.Msg))
				if v != 0 && m.Version != 0 && m.Version != v {
					continue
				}
				drawn++
				if !strings.Contains(b.String(), row) {
					t.Errorf("%v, %s: %q is not drawn", r, name, row)
				}
			}
			if n := strings.Count(b.String(), "-->") - 2; n > drawn || n == 0 { // beginning and end
				t.Errorf("%v, %s: %d arrows for %d moves", r, name, n, drawn)
			}
		}
	}
}
