package pki

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

func pkcs8(t *testing.T, key crypto.Signer) []byte {
	t.Helper()
	text, err := EncodeKey(key)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	return block.Bytes
}

func TestGenerateKeyFollowsItsReader(t *testing.T) {
	for _, kind := range []KeyKind{P256, P384, P521, Ed25519, Ed448} {
		make := func(seed byte) []byte {
			key, err := GenerateKey(kind, seeded(seed))
			if err != nil {
				t.Fatal(err)
			}
			return pkcs8(t, key)
		}
		if !bytes.Equal(make(1), make(1)) || bytes.Equal(make(1), make(2)) {
			t.Errorf("%s: the key is no function of the seed", kind)
		}
		if _, err := GenerateKey(kind, iotest.ErrReader(io.ErrUnexpectedEOF)); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s from a broken reader: %v", kind, err)
		}
	}
	// All ones is above both orders: draw again, and give up in the end.
	if _, err := GenerateKey(P256, bytes.NewReader(bytes.Repeat([]byte{0xff}, 32*maxDraws))); err == nil {
		t.Error("made a key of a scalar above the order")
	}
	if key, err := GenerateKey(RSA2048, nil); err != nil || key.Public().(*rsa.PublicKey).N.BitLen() != 2048 {
		t.Errorf("rsa2048: %v", err)
	}
	if _, err := GenerateKey("rsa512", nil); err == nil || !strings.Contains(err.Error(), "p256") {
		t.Errorf("an unknown kind: %v", err)
	}
}

func TestLessonKeys(t *testing.T) {
	var seen [][]byte
	for _, alg := range LessonKeyAlgs() {
		for _, name := range LessonKeyNames() {
			der := pkcs8(t, lessonKey(alg, name))
			if slices.ContainsFunc(seen, func(b []byte) bool { return bytes.Equal(b, der) }) {
				t.Errorf("%s %s repeats another", alg, name)
			}
			seen = append(seen, der)
			text, err := lessonKeyFiles.ReadFile("lessonkeys/" + alg + "-" + name + ".pem")
			if err != nil || !strings.Contains(string(text), "PUBLIC AND WORTHLESS") {
				t.Errorf("%s %s is not marked: %v", alg, name, err)
			}
		}
	}
	files, err := lessonKeyFiles.ReadDir("lessonkeys")
	if err != nil || len(files) != len(seen) {
		t.Errorf("%d files for %d keys, %v", len(files), len(seen), err)
	}
	fresh, err := GenerateKey(P256, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !IsLessonKey(LessonKeyEd25519("leaf").Public()) || IsLessonKey(fresh.Public()) {
		t.Error("IsLessonKey does not tell them apart")
	}
	defer func() {
		if recover() == nil {
			t.Error("an unknown name does not panic")
		}
	}()
	LessonKey("../../etc/passwd")
}

// Under one seed two runs have the same bytes, and another seed changes them.
func TestLessonsRepeat(t *testing.T) {
	for _, o := range everySignature() {
		o.Staple = "good"
		bytesOf := func(seed byte) []byte {
			o.Rand = seeded(seed)
			l := lesson(t, o)
			client, _, err := l.Client("student")
			if err != nil {
				t.Fatal(err)
			}
			forged, err := NewForgery(LessonOptions{KeyAlg: o.KeyAlg, PSS: o.PSS, Time: lessonTime, Rand: o.Rand})
			if err != nil {
				t.Fatal(err)
			}
			return slices.Concat(slices.Concat(l.Chain...), l.Root.Cert.Raw, l.Staple, stepsOf(l.Leaf), client.Leaf.Raw, slices.Concat(forged.Chain...))
		}
		if !bytes.Equal(bytesOf(1), bytesOf(1)) {
			t.Errorf("%+v: two runs differ", o)
		}
		if bytes.Equal(bytesOf(1), bytesOf(2)) {
			t.Errorf("%+v: the seed changes nothing", o)
		}
	}
}

// stepsOf is every value of the steps of issuing, the request among them.
func stepsOf(is *Issued) []byte { return fmt.Append(nil, is.Steps) }
