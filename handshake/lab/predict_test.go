package lab

import (
	"bytes"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/internal/browsertest"
	"tlslab/handshake/narrate"
	"tlslab/handshake/predict"
	"tlslab/handshake/render/lesson"
	"tlslab/handshake/render/page"
	"tlslab/handshake/scenario"
	"tlslab/handshake/switches"
)

// opened is each of the lab's lessons, both runs of a pair.
func opened() map[string]switches.Lesson {
	all := map[string]switches.Lesson{"bare": {}}
	for _, o := range Openings() {
		all[o.Key] = o.Lesson
		if o.Beside != nil {
			all[o.Key+" beside"] = *o.Beside
		}
	}
	return all
}

func playedFrom(t *testing.T, l switches.Lesson) *scenario.Transcript {
	t.Helper()
	tr, err := play(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

var (
	aRow  = regexp.MustCompile(`<details class="row[^>]*>`)
	aCell = regexp.MustCompile(`<span class="cell" data-onlooker="([^"]*)" data-access="([^"]*)">`)
	anID  = regexp.MustCompile(` id="([^"]*)"`)
)

// TestAsksAreInPlace: each question that could be asked stands before the row that it is about, and who
// can read that row's message is what its cells say.
func TestAsksAreInPlace(t *testing.T) {
	for name, l := range opened() {
		l.Seed = "7"
		tr := playedFrom(t, l)
		all := predict.All(predict.Lesson{Lang: narrate.En, Seed: "7", Flows: flows(tr), Moves: handshake.Moves})
		var b bytes.Buffer
		if err := lesson.WritePage(&b, tr, page.Options{Predict: &predict.Quiz{Seed: "7", Questions: all}}, nil); err != nil {
			t.Fatal(err)
		}
		written := b.String()
		for _, q := range all {
			ask := fmt.Sprintf(`data-kind="%s" data-about="%s"`, q.Moment, q.Place)
			at := strings.Index(written, ask)
			if at < 0 || strings.Count(written, ask) != 1 {
				t.Errorf("%s: %s stands there %d times", name, ask, strings.Count(written, ask))
				continue
			}
			rest := written[at:]
			rows := aRow.FindAllStringIndex(rest, 2)
			end := len(rest)
			if len(rows) > 1 {
				end = rows[1][0]
			}
			row := rest[rows[0][0]:end]
			if !strings.Contains(row, ` id="`+q.Place+`"`) {
				t.Errorf("%s: before %s stands %s", name, anID.FindString(row), ask)
			}
			if q.Moment != predict.Read {
				continue
			}
			var readers []string
			for _, c := range aCell.FindAllStringSubmatch(row, -1) {
				if event.Access(c[2]) != event.AccessSealed {
					readers = append(readers, c[1])
				}
			}
			want := strings.Split(q.Right().Key, "+")
			if q.Right().Key == "nobody" {
				want = nil
			}
			if slices.Sort(readers); !slices.Equal(readers, slices.Sorted(slices.Values(want))) {
				t.Errorf("%s: %s is read by %q, the answer is %q", name, q.Place, readers, want)
			}
		}
	}
}

// TestChange: ten switches, each with what is known of it. What it changes is what two runs side by side
// count: messages where one run alone has some, and the readers of messages that both have.
func TestChange(t *testing.T) {
	for _, test := range []struct {
		given, switched string
		want            string
	}{
		{"tls=1.3", "client-auth=on", "messages+trust"},
		{"tls=1.3", "padding=100", "nothing"},
		{"tls=1.3", "no-compat=on", "messages"},
		{"tls=1.3", "grease=on", "nothing"},
		{"kx=rsa", "kx=ecdhe", "messages+readers+trust"},
		{"kx=ecdhe", "no-ems=on", "nothing"},
		{"tls=1.3&mitm=on", "trust-mitm=on", "messages+trust"},
		{"tls=1.3&cert=expired", "cert=", "messages+trust"},
		{"tls=1.3&cert=expired", "click-through=on", "messages+trust"},
		{"tls=1.3", "cipher=TLS_SHA256_SHA256", "readers"},
		{"tls=1.3&plain=on", "plain=", "messages"},
	} {
		left, right := asked(t, test.given), asked(t, test.given+"&"+test.switched)
		q := changeOf(t, left, right)
		if q.Right().Key != test.want {
			t.Errorf("%s, %s changes %s, want %s: %s", test.given, test.switched, q.Right().Key, test.want, q.Right().Reason)
		}
	}
}

// changeOf is the question about what changes from one lesson to another.
func changeOf(t *testing.T, from, to switches.Lesson) predict.Question {
	t.Helper()
	x, err := toggled(t.Context(), from, to)
	if err != nil {
		t.Fatal(err)
	}
	all := predict.Questions(predict.Lesson{Lang: narrate.En, Seed: from.Seed, Flows: flows(playedFrom(t, from)), Moves: handshake.Moves, Toggled: x}).Questions
	return all[len(all)-1]
}

// asked is a lesson as an address asks for it.
func asked(t *testing.T, address string) switches.Lesson {
	t.Helper()
	values, err := url.ParseQuery(address + "&seed=7")
	if err != nil {
		t.Fatal(err)
	}
	for name, list := range values { // the last holds
		values[name] = list[len(list)-1:]
	}
	q, err := Parse(values, narrate.En)
	if err != nil {
		t.Fatal(err)
	}
	return q.Lesson
}

// TestPredictPage: with and without questions a page tells the same: but for them and for what is
// theirs, every byte.
func TestPredictPage(t *testing.T) {
	theirs := regexp.MustCompile(`(?s)\n?<fieldset class="ask".*?</fieldset>\n|<section id="score".*?</section>\n|<style>/\* Predict.*?</style>|<script>// Predict.*?</script>| class="predicts"`)
	policy := regexp.MustCompile(`content="default-src[^"]*"`)
	for name, l := range opened() {
		for _, lang := range narrate.Langs() {
			l.Seed = "7"
			tr := playedFrom(t, l)
			quiz, err := Predictions(t.Context(), l, tr, lang)
			if err != nil {
				t.Fatal(err)
			}
			var with, without bytes.Buffer
			if err := lesson.WritePage(&with, tr, page.Options{Lang: lang, Predict: &quiz}, nil); err != nil {
				t.Fatal(err)
			}
			if err := lesson.WritePage(&without, tr, page.Options{Lang: lang}, nil); err != nil {
				t.Fatal(err)
			}
			bare := func(b *bytes.Buffer) string {
				s := policy.ReplaceAllString(theirs.ReplaceAllString(b.String(), ""), "")
				return strings.ReplaceAll(strings.ReplaceAll(s, "\n", ""), ` open data-seq`, ` data-seq`)
			}
			if bare(&with) != bare(&without) {
				a, b := bare(&with), bare(&without)
				i := 0
				for i < min(len(a), len(b)) && a[i] == b[i] {
					i++
				}
				t.Errorf("%s, %s: with questions it tells %.80q, without %.80q", name, lang, a[i:], b[i:])
			}
			for _, q := range quiz.Questions {
				for _, c := range q.Choices {
					if !strings.Contains(with.String(), html.EscapeString(c.Reason)) {
						t.Errorf("%s, %s: the page does not say %q", name, lang, c.Reason)
					}
				}
			}
		}
	}
}

// TestPredictOffline: the offline lab asks too, and counts.
func TestPredictOffline(t *testing.T) {
	tab := offline(t, "?tls=1.3&client-auth=on&predict=on&seed=7&lang=en")
	if n := browsertest.Eval[int](tab, `document.querySelectorAll(".ask").length`); n != 4 {
		t.Fatalf("%d questions", n)
	}
	for n := range 4 {
		ask := fmt.Sprintf("[id='predict.%d'] ", n+1)
		tab.Click(ask + ".option[data-right] input")
		tab.Click(ask + ".reveal > summary")
	}
	tab.Wait(`document.querySelector("#score .tally").textContent == "4"`)
	if !browsertest.Eval[bool](tab, `document.getElementById("score").checkVisibility() && JSON.parse(document.querySelector("#score code").textContent).right == 4`) {
		t.Error("the score is not shown")
	}
}
