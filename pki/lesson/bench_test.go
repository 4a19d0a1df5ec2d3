package lesson_test

import (
	"testing"

	"tlslab/pki/internal/pkitest"
	"tlslab/pki/lesson"
)

// BenchmarkNewLesson is what a lesson pays before its first byte.
func BenchmarkNewLesson(b *testing.B) {
	for _, alg := range lesson.KeyAlgs() {
		b.Run(alg, func(b *testing.B) {
			for b.Loop() {
				if _, err := lesson.New(lesson.Options{KeyAlg: alg, Time: pkitest.Time, Staple: "good"}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
