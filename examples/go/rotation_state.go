package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"time"
)

// rotationState is what a rotation must not forget, as docs/rotate.md says: `keyturn rotate` finishes what this client
// has begun, and the other way round.
type rotationState struct {
	Version  int         `json:"version"`
	DeviceID string      `json:"device_id"`
	Keys     []storedKey `json:"keys"`
	Dropped  []string    `json:"dropped_thumbprints"`
	Pending  *update     `json:"pending"`

	path string
}

type storedKey struct {
	Thumbprint string `json:"thumbprint"`
	Algorithm  string `json:"algorithm"`
	PrivateKey string `json:"private_key"`
}

// update is a request that installs a new key, ready to be sent, and to be sent again.
type update struct {
	OldThumbprint string `json:"old_thumbprint"`
	NewThumbprint string `json:"new_thumbprint"`
	Exp           int64  `json:"exp"`
	Replacement   bool   `json:"replacement"`
	JWT           string `json:"jwt"`
	Pop           string `json:"pop"`
}

// openState reads the state of a device's rotations, or begins one with the key of the key file. It returns the key that
// signs the next rotation, too.
func openState(folder, device string) (*rotationState, key, error) {
	keyFile := filepath.Join(folder, "key.pem")
	current, err := readKey(keyFile)
	if err != nil {
		return nil, key{}, err
	}
	state := &rotationState{Version: 1, DeviceID: device, Dropped: []string{}, path: filepath.Join(folder, "rotation.json")}
	text, err := readPrivate(state.path)
	if err != nil {
		return nil, key{}, err
	}
	if text == "" {
		return state, current, state.add(current)
	}
	if err := json.Unmarshal([]byte(text), state); err != nil || state.Version != 1 || state.DeviceID != device || len(state.Keys) == 0 {
		return nil, key{}, usageError{fmt.Sprintf("%s is not the state of the rotations of %s", state.path, device)}
	}
	if stored, err := state.key(current.thumbprint()); err == nil {
		return state, stored, nil
	}
	for _, thumbprint := range state.Dropped {
		if thumbprint == current.thumbprint() {
			// The key file was set back, by a factory image perhaps.
			newest := state.Keys[len(state.Keys)-1]
			current, err = state.key(newest.Thumbprint)
			return state, current, err
		}
	}
	return nil, key{}, usageError{fmt.Sprintf("%s holds a key that %s has never had", keyFile, device)}
}

// readKey reads a key file; it must be there.
func readKey(path string) (key, error) {
	text, err := readPrivate(path)
	if err != nil {
		return key{}, err
	}
	if text == "" {
		return key{}, usageError{path + " does not exist: register the device first"}
	}
	found, err := parseKey(text, "")
	if err != nil {
		return key{}, usageError{fmt.Sprintf("%s: %v", path, err)}
	}
	return found, nil
}

// key is a stored key, by its thumbprint.
func (s *rotationState) key(thumbprint string) (key, error) {
	for _, stored := range s.Keys {
		if stored.Thumbprint == thumbprint {
			found, err := parseKey(stored.PrivateKey, stored.Algorithm)
			if err != nil {
				return key{}, usageError{fmt.Sprintf("%s: %v", s.path, err)}
			}
			return found, nil
		}
	}
	return key{}, usageError{fmt.Sprintf("%s has no key %s", s.path, thumbprint)}
}

// add keeps a key behind the others, unless it is there.
func (s *rotationState) add(k key) error {
	if _, err := s.key(k.thumbprint()); err == nil {
		return nil
	}
	text, err := k.pem()
	s.Keys = append(s.Keys, storedKey{k.thumbprint(), k.algorithm, text})
	return err
}

// open stores, durably and before anything is sent, the update by which the old key installs the new one.
func (s *rotationState) open(old, next key, lifetime time.Duration, replacement bool) error {
	if err := s.add(next); err != nil {
		return err
	}
	exp := time.Now().Add(lifetime).Unix()
	jwt, err := signUpdate(old, s.DeviceID, next.publicPEM(), exp)
	if err != nil {
		return err
	}
	pop, err := next.prove(jwt)
	if err != nil {
		return err
	}
	s.Pending = &update{old.thumbprint(), next.thumbprint(), exp, replacement, jwt, pop}
	return s.save()
}

// signUpdate signs the JWT of an update, or with no exp that of a probe, which can change nothing.
func signUpdate(old key, device, publicKey string, exp int64) (string, error) {
	jti, err := randomHex(16)
	if err != nil {
		return "", err
	}
	payload := map[string]any{"sub": device, "public_key": publicKey, "jti": jti}
	if exp != 0 {
		payload["exp"] = exp
	}
	return old.signJWT(device, payload)
}

func (s *rotationState) save() error {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return writeDurably(s.path, string(text)+"\n")
}
