// The reference implementation of notation signatures, for tests: signs and verifies as notation-go does.
//
// It answers each line of JSON on its standard input with a line of JSON. Keys, certificates, policies and stores
// are files and texts that the test makes; nothing is kept.
package main

import (
	"bufio"
	"context"
	"crypto"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/notaryproject/notation-core-go/signature"
	_ "github.com/notaryproject/notation-core-go/signature/cose"
	_ "github.com/notaryproject/notation-core-go/signature/jws"
	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/notation-go/dir"
	"github.com/notaryproject/notation-go/verifier"
	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	"github.com/notaryproject/notation-go/verifier/truststore"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

type attribute struct {
	Key      string `json:"key"`
	Value    any    `json:"value"`
	Critical bool   `json:"critical"`
}

type request struct {
	Do        string `json:"do"` // sign or verify
	MediaType string `json:"media_type"`

	Key         string      `json:"key"`   // sign: PKCS #8 in PEM
	Chain       string      `json:"chain"` // sign: certificates in PEM, the leaf first
	Payload     string      `json:"payload"`
	Scheme      string      `json:"scheme"`
	SigningTime time.Time   `json:"signing_time"`
	Expiry      time.Time   `json:"expiry"`
	Attributes  []attribute `json:"attributes"`

	Envelope   []byte          `json:"envelope"` // verify
	Policy     json.RawMessage `json:"policy"`
	Store      string          `json:"store"` // the directory that holds truststore/
	Repository string          `json:"repository"`
	Target     struct {
		MediaType string `json:"mediaType"`
		Digest    string `json:"digest"`
		Size      int64  `json:"size"`
	} `json:"target"`
}

type answer struct {
	Envelope []byte `json:"envelope,omitempty"`
	Skipped  bool   `json:"skipped,omitempty"`
	Error    string `json:"error,omitempty"`
}

func main() {
	input := bufio.NewScanner(os.Stdin)
	input.Buffer(make([]byte, 1024*1024), 64*1024*1024)
	output := json.NewEncoder(os.Stdout)
	for input.Scan() {
		if err := output.Encode(handle(input.Bytes())); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

func handle(line []byte) (result answer) {
	defer func() {
		if problem := recover(); problem != nil {
			result = answer{Error: fmt.Sprintf("panic: %v", problem)}
		}
	}()
	var asked request
	if err := json.Unmarshal(line, &asked); err != nil {
		return answer{Error: err.Error()}
	}
	var err error
	switch asked.Do {
	case "sign":
		result.Envelope, err = sign(asked)
	case "verify":
		result.Skipped, err = verify(asked)
	default:
		err = fmt.Errorf("cannot do %q", asked.Do)
	}
	if err != nil {
		result.Error = err.Error()
	}
	return result
}

func sign(asked request) ([]byte, error) {
	key, chain, err := material(asked)
	if err != nil {
		return nil, err
	}
	signer, err := signature.NewLocalSigner(chain, key)
	if err != nil {
		return nil, err
	}
	envelope, err := signature.NewEnvelope(asked.MediaType)
	if err != nil {
		return nil, err
	}
	var attributes []signature.Attribute
	for _, one := range asked.Attributes {
		attributes = append(attributes, signature.Attribute{Key: one.Key, Value: one.Value, Critical: one.Critical})
	}
	return envelope.Sign(&signature.SignRequest{
		Payload: signature.Payload{
			ContentType: "application/vnd.cncf.notary.payload.v1+json",
			Content:     []byte(asked.Payload),
		},
		Signer:                   signer,
		SigningTime:              asked.SigningTime,
		Expiry:                   asked.Expiry,
		ExtendedSignedAttributes: attributes,
		SigningAgent:             "notation-signer",
		SigningScheme:            signature.SigningScheme(asked.Scheme),
	})
}

func material(asked request) (crypto.PrivateKey, []*x509.Certificate, error) {
	block, _ := pem.Decode([]byte(asked.Key))
	if block == nil {
		return nil, nil, errors.New("the key is no PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, nil, err
	}
	var chain []*x509.Certificate
	for rest := []byte(asked.Chain); ; {
		if block, rest = pem.Decode(rest); block == nil {
			return key, chain, nil
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, nil, err
		}
		chain = append(chain, certificate)
	}
}

func verify(asked request) (bool, error) {
	var policy trustpolicy.Document
	if err := json.Unmarshal(asked.Policy, &policy); err != nil {
		return false, err
	}
	checker, err := verifier.New(&policy, truststore.NewX509TrustStore(dir.NewSysFS(asked.Store)), nil)
	if err != nil {
		return false, err
	}
	descriptor := ocispec.Descriptor{
		MediaType: asked.Target.MediaType,
		Digest:    digest.Digest(asked.Target.Digest),
		Size:      asked.Target.Size,
	}
	options := notation.VerifierVerifyOptions{
		ArtifactReference:  asked.Repository + "@" + asked.Target.Digest,
		SignatureMediaType: asked.MediaType,
	}
	ctx := context.Background()
	if skipper, ok := checker.(interface {
		SkipVerify(context.Context, notation.VerifierVerifyOptions) (bool, *trustpolicy.VerificationLevel, error)
	}); ok {
		if skipped, _, err := skipper.SkipVerify(ctx, options); err != nil || skipped {
			return skipped, err
		}
	}
	_, err = checker.Verify(ctx, descriptor, asked.Envelope, options)
	return false, err
}
