package switches

import (
	"slices"
	"strconv"
	"strings"
	"sync"

	"tlslab/handshake/scenario"
)

// Group is switches that belong together.
type Group string

// The groups, in the order in which they are drawn. Each is a stable key.
const (
	Protocol Group = "protocol" // what the two ends can do, and agree on
	Trust    Group = "trust"    // certificates, and who believes them
	Between  Group = "between"  // somebody between the two
	Again    Group = "again"    // resumption, and keys that were there before
	Wire     Group = "wire"     // what else travels
	Run      Group = "run"      // the run itself
)

// SwitchGroups lists every Group.
func SwitchGroups() []Group { return []Group{Protocol, Trust, Between, Again, Wire, Run} }

// Kind says what a switch takes.
type Kind string

// The kinds. Each is a stable key.
const (
	Toggle Kind = "toggle" // it is set, or not
	Choice Kind = "choice" // one of Choices
	List   Kind = "list"   // some of Choices, most preferred first
	Number Kind = "number" // 0 is not set
	Text   Kind = "text"   // anything
)

// Kinds lists every Kind.
func Kinds() []Kind { return []Kind{Toggle, Choice, List, Number, Text} }

// Switch is an option of a lesson.
type Switch struct {
	Name    string // of the flag, and in an address
	Group   Group
	Kind    Kind
	Choices []string // what a Choice or a List takes

	field func(*Lesson) any // *bool, *string, *[]string or *int
}

// All lists the switches, in the order in which they are drawn.
func All() []Switch { return slices.Clone(all()) }

// all is the list, made when it is first asked for: it has every suite's name.
var all = sync.OnceValue(func() []Switch {
	return []Switch{
		{"tls", Protocol, Choice, VersionNames(), func(l *Lesson) any { return &l.TLS }},
		{"kx", Protocol, Choice, ExchangeNames(), func(l *Lesson) any { return &l.Kx }},
		{"group", Protocol, List, GroupNames(), func(l *Lesson) any { return &l.Group }},
		{"cipher", Protocol, List, SuiteNames(), func(l *Lesson) any { return &l.Cipher }},
		{"key-alg", Protocol, Choice, KeyNames(), func(l *Lesson) any { return &l.KeyAlg }},
		{"alpn", Protocol, List, scenario.Protocols(), func(l *Lesson) any { return &l.ALPN }},
		{"no-ems", Protocol, Toggle, nil, func(l *Lesson) any { return &l.NoEMS }},
		{"etm", Protocol, Toggle, nil, func(l *Lesson) any { return &l.ETM }},
		{"compress", Protocol, Toggle, nil, func(l *Lesson) any { return &l.Compress }},

		{"cert", Trust, Choice, CertKinds(), func(l *Lesson) any { return &l.Cert }},
		{"staple", Trust, Choice, StapleKinds(), func(l *Lesson) any { return &l.Staple }},
		{"untrusted-root", Trust, Toggle, nil, func(l *Lesson) any { return &l.UntrustedRoot }},
		{"pin", Trust, Toggle, nil, func(l *Lesson) any { return &l.Pin }},
		{"click-through", Trust, Toggle, nil, func(l *Lesson) any { return &l.ClickThrough }},
		{"client-auth", Trust, Toggle, nil, func(l *Lesson) any { return &l.ClientAuth }},

		{"plain", Between, Toggle, nil, func(l *Lesson) any { return &l.Plain }},
		{"mitm", Between, Toggle, nil, func(l *Lesson) any { return &l.MITM }},
		{"trust-mitm", Between, Toggle, nil, func(l *Lesson) any { return &l.TrustMITM }},
		{"mitm-stolen-ca", Between, Toggle, nil, func(l *Lesson) any { return &l.StolenCA }},
		{"mitm-passthrough", Between, Toggle, nil, func(l *Lesson) any { return &l.Passthrough }},
		{"mitm-rewrite", Between, Text, nil, func(l *Lesson) any { return &l.Rewrite }},

		{"resume", Again, Choice, Resumptions(), func(l *Lesson) any { return &l.Resume }},
		{"psk", Again, Text, nil, func(l *Lesson) any { return &l.PSK }},
		{"psk-identity", Again, Text, nil, func(l *Lesson) any { return &l.PSKIdentity }},
		{"psk-ke", Again, Toggle, nil, func(l *Lesson) any { return &l.PSKKe }},
		{"allow-no-dhe-kex", Again, Toggle, nil, func(l *Lesson) any { return &l.AllowNoDHE }},

		{"hello-retry", Wire, Toggle, nil, func(l *Lesson) any { return &l.HelloRetry }},
		{"cookie", Wire, Toggle, nil, func(l *Lesson) any { return &l.Cookie }},
		{"key-update", Wire, Toggle, nil, func(l *Lesson) any { return &l.KeyUpdate }},
		{"padding", Wire, Number, nil, func(l *Lesson) any { return &l.Padding }},
		{"record-size-limit", Wire, Number, nil, func(l *Lesson) any { return &l.RecordSizeLimit }},
		{"compress-cert", Wire, List, CompressionNames(), func(l *Lesson) any { return &l.CompressCert }},
		{"grease", Wire, Toggle, nil, func(l *Lesson) any { return &l.Grease }},
		{"no-compat", Wire, Toggle, nil, func(l *Lesson) any { return &l.NoCompat }},

		{"seed", Run, Text, nil, func(l *Lesson) any { return &l.Seed }},
	}
})

// ByName finds a switch.
func ByName(name string) (Switch, bool) {
	for _, s := range all() {
		if s.Name == name {
			return s, true
		}
	}
	return Switch{}, false
}

// on is the value of a Toggle that is set, as a form has it.
const on = "on"

// Value is what the switch is set to in l: "on" of a Toggle, a List with commas between; "" if it
// is not set.
func (s Switch) Value(l *Lesson) string {
	switch f := s.field(l).(type) {
	case *bool:
		if *f {
			return on
		}
	case *string:
		return *f
	case *[]string:
		return strings.Join(*f, ",")
	case *int:
		if *f != 0 {
			return strconv.Itoa(*f)
		}
	}
	return ""
}

// Set sets the switch in l to what Value would return; "" takes it back. An error is an *Error:
// whether the value names anything is said by Lesson.Options.
func (s Switch) Set(l *Lesson, value string) error {
	switch f := s.field(l).(type) {
	case *bool:
		switch value {
		case "", on:
			*f = value == on
		default:
			return Misuse(s.Name, "It is on, or left out.", "--%s %q: a switch is on or off", s.Name, value)
		}
	case *string:
		*f = value
	case *[]string:
		*f = nil
		if value != "" {
			*f = strings.Split(value, ",")
		}
	case *int:
		n, err := strconv.Atoi(value)
		if err != nil && value != "" {
			return Misuse(s.Name, "Say a number.", "--%s %q: not a number", s.Name, value)
		}
		*f = n
	}
	return nil
}

// Given is a switch that is set, and to what.
type Given struct{ Name, Value string }

// String is the switch on a command line of tlslab run.
func (g Given) String() string {
	if s, ok := ByName(g.Name); ok && s.Kind == Toggle {
		return "--" + g.Name
	}
	return "--" + g.Name + " " + g.Value
}

// Given lists what is set, in the order of All.
func (l *Lesson) Given() (set []Given) {
	for _, s := range all() {
		if v := s.Value(l); v != "" {
			set = append(set, Given{s.Name, v})
		}
	}
	return set
}

// Without is l without some of its switches.
func (l Lesson) Without(names ...string) Lesson {
	for _, name := range names {
		if s, ok := ByName(name); ok {
			_ = s.Set(&l, "") // which every switch takes
		}
	}
	return l
}
