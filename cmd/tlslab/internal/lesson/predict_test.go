package lesson

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/lab"
	"tlslab/handshake/narrate"
	"tlslab/handshake/predict"
	"tlslab/handshake/scenario"
	"tlslab/handshake/switches"
)

// predicted runs the verb with what is typed into it.
func predicted(t *testing.T, typed string, args ...string) (out string, err error) {
	t.Helper()
	var b bytes.Buffer
	cmd := NewRun()
	cmd.SetArgs(append(args, "--color", "never"))
	cmd.SetIn(strings.NewReader(typed))
	cmd.SetOut(&b)
	cmd.SetErr(&b)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	err = cmd.Execute()
	return b.String(), err
}

// quizOf is what a lesson asks.
func quizOf(t *testing.T, l switches.Lesson, lang narrate.Lang) predict.Quiz {
	t.Helper()
	o, err := l.Options()
	if err != nil {
		t.Fatal(err)
	}
	tr, err := scenario.Run(t.Context(), o, nil)
	if err != nil {
		t.Fatal(err)
	}
	z, err := lab.Predictions(t.Context(), l, tr, lang)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// letters answers a quiz: right, and from a place on with the next choice, which is wrong.
func letters(z predict.Quiz, wrongFrom int) (typed string, chosen []string) {
	for i, q := range z.Questions {
		n := slices.IndexFunc(q.Choices, func(c predict.Choice) bool { return c.Right })
		if i >= wrongFrom {
			n = (n + 1) % len(q.Choices)
		}
		typed += strings.ToLower(letter(n)) + "\n"
		chosen = append(chosen, q.Choices[n].Key)
	}
	return typed, chosen
}

// plain is text as it stands on a screen of any width.
func plain(s string) string { return strings.Join(strings.Fields(s), "") }

// TestPredict: each question is asked with its choices, before what it is about is told; an answer is
// told to be right or not, with its reason; and what was answered is in the file.
func TestPredict(t *testing.T) {
	l := switches.Lesson{TLS: "1.3", ClientAuth: true, Seed: "7"}
	for _, lang := range narrate.Langs() {
		for _, level := range []string{"--full", "--brief", "--bytes", "--width=80"} {
			z := quizOf(t, l, lang)
			typed, chosen := letters(z, 2)
			file := filepath.Join(t.TempDir(), "score.json")
			out, err := predicted(t, typed, "--tls", "1.3", "--client-auth", "--seed", "7", "--lang", string(lang), "--score", file, level)
			if err != nil {
				t.Fatal(err)
			}
			shown := plain(out)
			last := 0
			for i, q := range z.Questions {
				at := strings.Index(shown[last:], plain(q.Text))
				if at < 0 {
					t.Fatalf("%s, %s: it does not ask %q", lang, level, q.Text)
				}
				last += at
				for _, c := range q.Choices {
					if !strings.Contains(shown[last:], plain(c.Text)) {
						t.Errorf("%s, %s: no choice %q", lang, level, c.Text)
					}
					if (c.Right || c.Key == chosen[i]) != strings.Contains(shown[last:], plain(c.Reason)) && c.Reason != q.Right().Reason && !strings.Contains(plain(q.Right().Reason), plain(c.Reason)) {
						t.Errorf("%s, %s: of %q it says %q: %v", lang, level, c.Text, c.Reason, !(c.Right || c.Key == chosen[i]))
					}
				}
			}
			want := z.Score(chosen)
			if want.Right != 2 || want.Asked != 4 {
				t.Fatalf("%d of %d are right", want.Right, want.Asked)
			}
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var got predict.Score
			if err := json.Unmarshal(b, &got); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s: the file has %s, %v", lang, b, err)
			}
		}
	}
}

// TestPredictTellsNoMore: but for the questions, the transcript is the one without them, where it is
// told move by move; and no question comes after what it is about.
func TestPredictTellsNoMore(t *testing.T) {
	for _, args := range [][]string{{"--tls", "1.3"}, {"--kx", "rsa"}, {"--mitm", "--trust-mitm"}, {"--resume", "0rtt"}, {"--cert", "expired"}} {
		args = append(args, "--seed", "7", "--lang", "en", "--full")
		without, _ := predicted(t, "", args...)
		with, _ := predicted(t, "a\nb\na\nb\n", append(args, "--predict")...)
		var told []string
		asking := false
		for line := range strings.Lines(with) {
			switch {
			case strings.HasPrefix(line, "Predict, ") || strings.HasPrefix(line, "Your score"):
				asking = true
			case asking && (strings.HasPrefix(line, "Right: ") || strings.HasPrefix(line, "     ") || strings.HasPrefix(line, "  ") || strings.HasPrefix(line, "Not so: ") || strings.HasPrefix(line, "Your answer")):
			default:
				asking = false
			}
			if !asking {
				told = append(told, strings.TrimSpace(line))
			}
		}
		rest := plain(without)
		for _, line := range told {
			i := strings.Index(rest, plain(line))
			if i < 0 {
				t.Fatalf("%v: only with questions it tells %q", args, line)
			}
			rest = rest[i+len(plain(line)):]
		}
		if n := strings.Count(with, "Predict, "); n != 4 {
			t.Errorf("%v: %d questions", args, n)
		}
	}
}

// TestPredictInput: what is no letter is asked for again; where the input ends it is said, the lesson is
// told to its end, and what was not answered counts as not answered.
func TestPredictInput(t *testing.T) {
	z := quizOf(t, switches.Lesson{TLS: "1.3", Seed: "7"}, narrate.En)
	typed, chosen := letters(z, 4)
	first, _, _ := strings.Cut(typed, "\n")
	file := filepath.Join(t.TempDir(), "score.json")
	out, err := predicted(t, "\nwhat?\n\x1b[2J\n"+first+"\n", "--tls", "1.3", "--seed", "7", "--lang", "en", "--score", file)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out, "is none of the letters: A, B, C, D"); n != 3 || strings.Contains(out, "\x1b") {
		t.Errorf("it asks again %d times:\n%s", n, out)
	}
	if strings.Count(out, "Predict, ") != 2 || strings.Count(out, "The input has ended") != 1 || !strings.Contains(out, "WHO KNOWS WHAT") || !strings.Contains(out, "1 of 4 right") {
		t.Errorf("it ends with\n%s", out)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := z.Score(chosen[:1]).WriteJSON(&want); err != nil || !bytes.Equal(b, want.Bytes()) {
		t.Errorf("the file has %s, want %s", b, want.Bytes())
	}
	// A letter without Enter, at the very end, is an answer too.
	if out, _ := predicted(t, first, "--tls", "1.3", "--seed", "7", "--lang", "en", "--predict"); !strings.Contains(out, "1 of 4 right") {
		t.Errorf("without Enter:\n%s", out)
	}
	// Without a seed there is one all the same.
	if out, err := predicted(t, "", "--tls", "1.3", "--lang", "en", "--predict"); err != nil || !strings.Contains(out, "0 of 4 right") {
		t.Errorf("without a seed: %v\n%s", err, out)
	}
}

// TestPredictMisuse: what makes no sense with questions is refused.
func TestPredictMisuse(t *testing.T) {
	for _, args := range [][]string{{"--predict", "--step"}, {"--predict", "--message", "3"}, {"--predict", "--checks"}, {"--predict", "--format", "json"},
		{"--score", "x", "--format", "html"}, {"--predict", "--mitm", "--all"}} {
		if out, err := predicted(t, "", append(args, "--tls", "1.3")...); err == nil {
			t.Errorf("%v: %.200s", args, out)
		}
	}
}

// TestPredictREADME: the command's page has the words of a score, and no others.
func TestPredictREADME(t *testing.T) {
	b, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, about, _ := strings.Cut(string(b), "\n## Predictions\n")
	about, _, _ = strings.Cut(about, "\n## ")
	for _, of := range []reflect.Type{reflect.TypeFor[predict.Score](), reflect.TypeFor[predict.Answer]()} {
		for i := range of.NumField() {
			if name := of.Field(i).Tag.Get("json"); !strings.Contains(about, "`"+name+"`") {
				t.Errorf("the page does not name %s", name)
			}
		}
	}
	for _, m := range predict.Moments() {
		if !strings.Contains(about, "`"+string(m)+"`") {
			t.Errorf("the page does not name %s", m)
		}
	}
	for _, m := range regexp.MustCompile("`(--[a-z]+)").FindAllStringSubmatch(about, -1) {
		if NewRun().Flags().Lookup(m[1][2:]) == nil {
			t.Errorf("run has no %s", m[1])
		}
	}
}
