package lesson_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"tlslab/pki/authority"
	"tlslab/pki/internal/pkitest"
	"tlslab/pki/lesson"
)

func TestLessonKeys(t *testing.T) {
	var seen [][]byte
	for _, alg := range lesson.KeyAlgs() {
		for _, name := range lesson.KeyNames() {
			der := pkitest.PKCS8(t, lesson.KeyOf(alg, name))
			if slices.ContainsFunc(seen, func(b []byte) bool { return bytes.Equal(b, der) }) {
				t.Errorf("%s %s repeats another", alg, name)
			}
			seen = append(seen, der)
			text, err := lesson.KeyFiles.ReadFile("keys/" + alg + "-" + name + ".pem")
			if err != nil || !strings.Contains(string(text), "PUBLIC AND WORTHLESS") {
				t.Errorf("%s %s is not marked: %v", alg, name, err)
			}
		}
	}
	files, err := lesson.KeyFiles.ReadDir("keys")
	if err != nil || len(files) != len(seen) {
		t.Errorf("%d files for %d keys, %v", len(files), len(seen), err)
	}
	fresh, err := authority.GenerateKey(authority.P256, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !lesson.IsKey(lesson.KeyEd25519("leaf").Public()) || lesson.IsKey(fresh.Public()) {
		t.Error("IsKey does not tell them apart")
	}
	defer func() {
		if recover() == nil {
			t.Error("an unknown name does not panic")
		}
	}()
	lesson.Key("../../etc/passwd")
}
