package lab

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"

	"net/url"

	"tlslab/handshake/narrate"
	"tlslab/handshake/render/lesson"
	"tlslab/handshake/render/page"
	"tlslab/handshake/scenario"
	"tlslab/handshake/switches"
)

// TestWords: narrate has an entry for each word of the lab, and none that it does not ask for.
func TestWords(t *testing.T) {
	want := slices.Sorted(slices.Values(append(keys(), "switch/"+nameAttack, "switch/"+nameDefend, "switch/"+nameLogin)))
	if have := narrate.Keys(narrate.Lab); !slices.Equal(have, want) {
		t.Errorf("narrate has %q\nthe lab asks for %q", have, want)
	}
}

// keys are what the form and the lab ask narrate for.
func keys() []string {
	out := []string{"lessons", "switches", "unset", "play", "command", "no_effect", "contradiction", "leave_out", "begin_again", "replays_elsewhere", "made_by",
		"beside_what", "beside_without", "pair", "left", "right", "ended", "nothing", "reads", "readable", "readable_later", "differs", "same", "left_only", "right_only", "fields_differ",
		"count/messages", "count/bytes", "count/operations", "count/round_trips"}
	for _, o := range Openings() {
		out = append(out, "lesson/"+o.Key)
	}
	for _, g := range new(Lab).form(Question{Lang: narrate.En}).Groups {
		out = append(out, "group/"+g.Key)
		for _, s := range g.Switches {
			out = append(out, "switch/"+s.Name)
		}
	}
	return out
}

// section is what the lab has above a page.
var section = regexp.MustCompile(`(?s)<section id="lab".*?</section>\n`)

// madeBy is the footer, which says where what is typed goes.
var madeBy = regexp.MustCompile(`<footer>.*?</footer>`)

func ask(t *testing.T, address string) *Answer {
	t.Helper()
	values, err := url.ParseQuery(address)
	if err != nil {
		t.Fatal(err)
	}
	q, wrong := Parse(values, narrate.En)
	a, err := new(Lab).Answer(t.Context(), q, wrong)
	if err != nil {
		t.Fatalf("%s: %v", address, err)
	}
	return a
}

// TestOpenings: the address of each lesson is answered with the page that the lesson has without
// the lab, byte for byte, in each language, and the same twice.
func TestOpenings(t *testing.T) {
	for _, o := range Openings() {
		lessons := []switches.Lesson{o.Lesson}
		if o.Beside != nil {
			lessons = append(lessons, *o.Beside)
		}
		for _, l := range lessons {
			for _, lang := range narrate.Langs() {
				l.Seed = "7"
				so, err := l.Options()
				if err != nil {
					t.Fatalf("%s: %v", o.Key, err)
				}
				tr, err := scenario.Run(t.Context(), so, nil)
				if err != nil {
					t.Fatalf("%s: %v", o.Key, err)
				}
				var want bytes.Buffer
				if err := lesson.WritePage(&want, tr, page.Options{Lang: lang}, nil); err != nil {
					t.Fatal(err)
				}
				q := Question{Lang: lang, Lesson: l}
				a := ask(t, q.Address().String()[1:])
				got := section.ReplaceAll(a.Page, nil)
				if n := len(section.FindAll(a.Page, -1)); n != 1 || a.Refused || !bytes.Equal(madeBy.ReplaceAll(got, nil), madeBy.ReplaceAll(want.Bytes(), nil)) {
					t.Errorf("%s, %s: %d forms, refused %v, %d bytes without it, want %d", o.Key, lang, n, a.Refused, len(got), want.Len())
				}
				if again := ask(t, q.Address().String()[1:]); !bytes.Equal(again.Page, a.Page) {
					t.Errorf("%s, %s: another page at the same address", o.Key, lang)
				}
			}
		}
	}
}

// TestAddress: what a question's address says is the question.
func TestAddress(t *testing.T) {
	for _, s := range switches.All() {
		value := "on"
		switch {
		case len(s.Choices) > 0:
			value = s.Choices[len(s.Choices)-1]
		case s.Kind == switches.Number:
			value = "7"
		case s.Kind == switches.Text:
			value = "a&b=c ü+%"
		}
		q := Question{Lang: narrate.Zh, All: true, Replay: Replay{"a", "b,c", "d"}}
		if err := s.Set(&q.Lesson, value); err != nil {
			t.Fatal(err)
		}
		values, err := url.ParseQuery(q.Address().String()[1:])
		if err != nil {
			t.Fatal(err)
		}
		back, err := Parse(values, narrate.En)
		if err != nil || !slices.Equal(back.Address(), q.Address()) || len(back.Lesson.Given()) != 1 {
			t.Errorf("%s: %v becomes %v, %v", s.Name, q.Address(), back.Address(), err)
		}
	}
}

// TestRefusals: switches that make no lesson are answered with why, and each link leaves out
// enough that this is not why again.
func TestRefusals(t *testing.T) {
	for address, links := range map[string]int{
		"tls=1.3&kx=rsa":                  2,
		"resume=id&mitm=on":               2,
		"resume=id&trust-mitm=on&mitm=on": 2,
		"tls=1.4":                         1,
		"padding=many":                    0, // it is not set, so there is nothing to leave out
		"unheard-of=1":                    0,
		"lang=fr":                         0,
		"all=on":                          1,
		"all=on&mitm=on&tls=1.3":          2,
		"attack=early-data":               1,
		"predict=on&all=on&mitm=on":       2,
		"predict=on&attack=early-data":    2,
		"kx=rsa&key-alg=ed25519":          2,
		"staple=good&cert=revoked":        2,
	} {
		a := ask(t, address+"&seed=1")
		if !a.Refused || section.Find(a.Page) == nil {
			t.Errorf("%s: refused %v", address, a.Refused)
		}
		found := leaveOut.FindAllStringSubmatch(string(section.ReplaceAll(a.Page, nil)), -1)
		if len(found) != links {
			t.Errorf("%s: %d links, want %d: %q", address, len(found), links, found)
		}
		if bytes.Contains(a.Page, []byte("<ul></ul>")) {
			t.Errorf("%s: there is a list of nothing", address)
		}
		why := reasonGiven.FindString(string(a.Page))
		for _, l := range found {
			to := strings.ReplaceAll(l[1], "&amp;", "&")
			if next := ask(t, to); next.Refused && reasonGiven.FindString(string(next.Page)) == why {
				t.Errorf("%s: the link to %s is refused for the same", address, to)
			}
		}
	}
}

var (
	leaveOut    = regexp.MustCompile(`<a href="\?([^"]*)">`)
	reasonGiven = regexp.MustCompile(`<p class="bad">[^<]*`)
)

// TestCommand: the command line that the page names quotes what a shell would take apart.
func TestCommand(t *testing.T) {
	q := Question{Lang: narrate.En, Lesson: switches.Lesson{MITM: true, Rewrite: "it's=that is", Seed: "$(x)"}}
	if got, want := q.Command(), `tlslab run --mitm --mitm-rewrite 'it'\''s=that is' --seed '$(x)' --lang en --format html`; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

// TestEffect: a switch that changes nothing beside the others is named, one that does is not.
func TestEffect(t *testing.T) {
	for address, want := range map[string][]string{
		"tls=1.3":                               nil,
		"trust-mitm=on&mitm=on":                 {"mitm"},
		"trust-mitm=on":                         nil,
		"group=X25519&tls=1.3":                  {"tls"},
		"key-alg=rsa&tls=1.3":                   {"tls", "key-alg"}, // each is what the other leads to
		"click-through=on&tls=1.3":              {"click-through"},
		"cert=expired&click-through=on":         nil,
		"cipher=ECDHE-RSA-AES256-SHA384&etm=on": nil,
		"resume=psk&tls=1.3":                    {"tls"},
	} {
		a := ask(t, address+"&seed=7")
		var got []string
		for _, m := range noted.FindAllSubmatch(section.Find(a.Page), -1) {
			got = append(got, string(m[1]))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q have no effect, want %q", address, got, want)
		}
	}
}

var noted = regexp.MustCompile(`<p class="private">(\S+) `)
