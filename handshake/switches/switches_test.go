package switches

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/scenario"
)

// example is a value that the switch takes, and others that it may be set to beside it.
func example(s Switch) string {
	switch {
	case s.Kind == Toggle:
		return "on"
	case len(s.Choices) > 0:
		return s.Choices[0]
	case s.Kind == Number:
		return "100"
	case s.Name == "mitm-rewrite":
		return "hello=howdy"
	case s.Name == "psk":
		return "0102"
	}
	return "word"
}

// TestSet: what a switch is set to is what it says it is set to, "" takes it back, and no other
// switch is touched.
func TestSet(t *testing.T) {
	for _, s := range All() {
		var l Lesson
		v := example(s)
		if err := s.Set(&l, v); err != nil || s.Value(&l) != v {
			t.Errorf("%s set to %q: %v, and is %q", s.Name, v, err, s.Value(&l))
		}
		if set := l.Given(); len(set) != 1 || set[0] != (Given{s.Name, v}) {
			t.Errorf("%s set: %v are", s.Name, set)
		}
		if set := l.Without(s.Name); len(set.Given()) != 0 {
			t.Errorf("%s taken back: %v are set", s.Name, set.Given())
		}
		if s.Kind == Toggle || s.Kind == Number {
			if e := (*Error)(nil); !errors.As(s.Set(&l, "perhaps"), &e) || !slices.Equal(e.Switches, []string{s.Name}) {
				t.Errorf("%s takes perhaps, or says nothing of itself: %+v", s.Name, e)
			}
		}
	}
}

// TestChoices: every choice of every switch names something, alone or beside what it needs.
func TestChoices(t *testing.T) {
	needs := map[string]string{"etm": "cipher=ECDHE-RSA-AES128-SHA256", "psk-identity": "psk=0102", "psk-ke": "psk=0102", "allow-no-dhe-kex": "psk=0102"}
	for _, s := range All() {
		choices := s.Choices
		if choices == nil {
			choices = []string{example(s)}
		}
		for _, c := range choices {
			var l Lesson
			if name, value, ok := strings.Cut(needs[s.Name], "="); ok {
				other, _ := ByName(name)
				if err := other.Set(&l, value); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Set(&l, c); err != nil {
				t.Errorf("%s %s: %v", s.Name, c, err)
				continue
			}
			o, err := l.Options()
			if err == nil {
				err = scenario.Validate(o)
			}
			if err != nil {
				t.Errorf("--%s %s makes no lesson: %v", s.Name, c, err)
			}
		}
	}
}

// TestErrors: what is refused names its switches, and without one of those that exclude each other
// it is not refused for that.
func TestErrors(t *testing.T) {
	for given, want := range map[string]string{
		"tls=1.1":                                   "tls",
		"kx=rsa tls=1.3":                            "kx tls",
		"kx=psk":                                    "kx",
		"group=X25519MLKEM768 tls=1.2":              "group tls",
		"group=X25519 kx=rsa":                       "group kx",
		"group=nothing":                             "group",
		"cipher=NULL-SHA256 tls=1.3":                "cipher tls",
		"cipher=ECDHE-RSA-AES128-SHA256 kx=rsa":     "cipher kx",
		"cipher=nothing":                            "cipher",
		"etm=on cipher=ECDHE-RSA-AES128-GCM-SHA256": "etm cipher",
		"key-alg=rsa-pss tls=1.2":                   "key-alg",
		"key-alg=dsa":                               "key-alg",
		"key-alg=ed25519 cert=sha1":                 "key-alg cert",
		"alpn=smtp":                                 "alpn",
		"cert=fine":                                 "cert",
		"staple=fine":                               "staple",
		"resume=twice":                              "resume",
		"resume=id tls=1.3":                         "resume tls",
		"hello-retry=on tls=1.2":                    "hello-retry tls",
		"key-update=on kx=rsa":                      "key-update kx",
		"no-ems=on padding=3":                       "padding no-ems",
		"padding=20000":                             "padding",
		"record-size-limit=3":                       "record-size-limit",
		"compress-cert=rar":                         "compress-cert",
		"mitm=on key-update=on":                     "key-update mitm",
		"mitm-rewrite=x":                            "mitm-rewrite",
		"mitm-rewrite=x=y mitm-passthrough=on":      "mitm-rewrite mitm-passthrough",
		"psk=xyz":                                   "psk",
		"psk-identity=me":                           "psk-identity",
		"psk-ke=on":                                 "psk-ke",
		"psk=01 psk-ke=on allow-no-dhe-kex=on":      "psk-ke allow-no-dhe-kex",
	} {
		var l Lesson
		for _, g := range strings.Fields(given) {
			name, value, _ := strings.Cut(g, "=")
			s, ok := ByName(name)
			if !ok {
				t.Fatal(name)
			}
			if err := s.Set(&l, value); err != nil {
				t.Fatal(err)
			}
		}
		_, err := l.Options()
		e := (*Error)(nil)
		if !errors.As(err, &e) || strings.Join(e.Switches, " ") != want {
			t.Errorf("%s: %v, about %+v, want %s", given, err, e, want)
			continue
		}
		if len(e.Switches) < 2 {
			continue
		}
		for _, name := range e.Switches {
			less := l.Without(name)
			if _, again := less.Options(); again != nil && again.Error() == err.Error() {
				t.Errorf("%s without %s: still %v", given, name, again)
			}
		}
	}
}

// TestOf: every option that scenario can refuse is some switch's.
func TestOf(t *testing.T) {
	for option, names := range ofOption {
		for _, name := range strings.Fields(names) {
			if _, ok := ByName(name); !ok {
				t.Errorf("%s: no switch is called %s", option, name)
			}
		}
	}
	l := &Lesson{Resume: "id", TrustMITM: true}
	o, err := l.Options()
	if err != nil {
		t.Fatal(err)
	}
	e := (*scenario.OptionsError)(nil)
	if !errors.As(scenario.Validate(o), &e) {
		t.Fatal("resumption and an interceptor are one lesson now")
	}
	if got := Of(e, l); len(got) != 2 || !slices.Equal(got[0], []string{"resume"}) || !slices.Equal(got[1], []string{"trust-mitm"}) {
		t.Errorf("%v", got)
	}
}
