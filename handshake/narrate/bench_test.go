package narrate

import "testing"

// BenchmarkParse is what a program pays before its first word: each language's
// files are parsed once.
func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		for _, k := range Kinds() {
			file, err := files.ReadFile("zh/" + string(k) + ".txt")
			if err != nil {
				b.Fatal(err)
			}
			if _, err := parse(string(file)); err != nil {
				b.Fatal(err)
			}
		}
	}
}
