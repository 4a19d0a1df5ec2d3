package lesson

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"tlslab/handshake/render"
	"tlslab/handshake/render/rendertest"
)

// A worksheet holds no derived value, and its answers are the run's.
func TestWorksheet(t *testing.T) {
	for _, name := range []string{"rsa", "dhe", "ecdhe", "cbc", "bare", "id", "tls13", "update"} {
		tr := rendertest.Play(t, name)
		for _, level := range []render.Level{render.Default, render.Bytes} {
			got, term := write(t, tr.Events(), render.TerminalOptions{Level: level, Worksheet: true})
			answers := term.Answers()
			if len(answers) == 0 {
				t.Fatalf("%s: nothing to answer", name)
			}
			flat := strings.Join(strings.Fields(got), "")
			labels := map[string]bool{}
			for i, a := range answers {
				labels[a.Label] = true
				if a.N != i+1 || !strings.Contains(got, fmt.Sprintf("______ (%d)", a.N)) {
					t.Errorf("%s: blank %d is not on the sheet", name, a.N)
				}
				if shown := a.Value[:min(len(a.Value), 32)]; strings.Contains(flat, shown) {
					t.Errorf("%s, level %d: the sheet gives %s away", name, level, a.Label)
				}
			}
			want := []string{"premaster_secret", "master_secret", "client_verify_data"}
			if tr.Flows[0].Name == tls13 {
				want = []string{"shared_secret", "handshake_secret", "main_secret", "client_application_key", "client_verify_data"}
			}
			for _, label := range want {
				if !labels[label] {
					t.Errorf("%s: %s is not asked for", name, label)
				}
			}
			var b bytes.Buffer
			if err := term.WriteAnswers(&b); err != nil {
				t.Fatal(err)
			}
			var back []render.Answer
			if err := json.Unmarshal(b.Bytes(), &back); err != nil || len(back) != len(answers) {
				t.Errorf("%s: the answers do not come back: %v", name, err)
			}
		}
	}
}
