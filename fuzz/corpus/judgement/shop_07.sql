SELECT "Value" FROM app."Mixed"
