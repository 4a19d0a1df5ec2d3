package narrate

import (
	"maps"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	got, err := parse(`# a comment
= first
The title
One line,
and another.

A paragraph is no new text.
@ RFC 5246 §6.2

= A = aG
= B = bG
两行
中文之间，
没有空格 and
English has one.
`)
	if err != nil {
		t.Fatal(err)
	}
	point := Entry{Title: "两行", Text: "中文之间，没有空格 and English has one."}
	want := map[string]Entry{
		"first":  {Title: "The title", Text: "One line, and another. A paragraph is no new text.", Ref: "RFC 5246 §6.2"},
		"A = aG": point, "B = bG": point,
	}
	if !maps.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestParseRefuses(t *testing.T) {
	for file, want := range map[string]string{
		"text\n":             `line 1: "text" belongs to no key`,
		"@ RFC 1\n":          "belongs to no key",
		"= a\n= b\n":         `"a" has no title`,
		"= a\n@ RFC 1\n= b":  `"a" has no title`,
		"= a\nx\n= a\ny\n":   `"a" comes twice`,
		"= a\nx\n\n= b\n= b": `has no title`,
	} {
		if _, err := parse(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("parse(%q): %v, want %q", file, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, k := range Kinds() {
		b, err := files.ReadFile("zh/" + string(k) + ".txt")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(b))
	}
	f.Add("= a\n= b\nt\nx\n@ r\n")
	f.Fuzz(func(t *testing.T, file string) {
		entries, err := parse(file)
		if err != nil {
			return
		}
		for key, e := range entries {
			if e.Title == "" {
				t.Errorf("%q without a title", key)
			}
			for _, s := range []string{key, e.Title, e.Text, e.Ref} {
				if strings.Contains(s, "\n") || s != strings.TrimSpace(s) {
					t.Errorf("%q: %q is not one trimmed line", key, s)
				}
			}
		}
	})
}

func TestFill(t *testing.T) {
	v := map[string]string{"name": "www", "empty": "", "nest": "{name}"}
	for in, want := range map[string]string{
		"":                         "",
		"plain":                    "plain",
		"to {name}.":               "to www.",
		"{name}{name}":             "wwwwww",
		"a {empty}b":               "a b",
		"{unknown} stays":          "{unknown} stays",
		"{nest} is not read again": "{name} is not read again",
		"open { and {name":         "open { and {name",
		"} {name}":                 "} www",
	} {
		if got := Fill(in, v); got != want {
			t.Errorf("Fill(%q) = %q, want %q", in, got, want)
		}
	}
}
