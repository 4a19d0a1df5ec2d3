package capture

import "testing"

func TestMarkupEscapes(t *testing.T) {
	got := markup(`<a href="{{To}}">{{Text}}</a>{{More}}`).filled(map[string]any{"To": `" onload="x`, "Text": `<b>'{{To}}' & 1+1`, "More": markup("<br>")})
	want := markup(`<a href="&#34; onload=&#34;x">&lt;b&gt;&#39;{{To}}&#39; &amp; 1&#43;1</a><br>`)
	if got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

// TestMarkupIsWhole: a blank that nobody fills is found when the page is first shown, and not by whoever sees it.
func TestMarkupIsWhole(t *testing.T) {
	for what, values := range map[string]map[string]any{
		"a blank left":          {"A": "a"},
		"a blank that is none":  {"A": "a", "B": "b", "C": "c"},
		"neither text nor ours": {"A": "a", "B": 1},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: nothing is said", what)
				}
			}()
			markup("{{A}}{{B}}").filled(values)
		}()
	}
}
