// Notes and public keys, written by one side and read by the other; what the reader must not take.
#include <gmock/gmock.h>

#include "audit/note_read.hpp"
#include "audit/note_write.hpp"
#include "base/encoding.hpp"
#include "tests/unit/audit/merkle.hpp"
#include "tests/unit/audit/signing.hpp"

namespace portcullis::audit {
namespace {

using portcullis::testing::hash_of_hex;
using portcullis::testing::kExampleOrigin;
using portcullis::testing::key_of;
using portcullis::testing::named_key;
using ::testing::HasSubstr;

constexpr std::string_view kExampleKey =
    "audit.example.com/pg-prod-1+9ae54446+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c";
constexpr std::string_view kExampleText =
    "audit.example.com/pg-prod-1\n3\nSAdTg28UnkqRgTK+f8gnPiGuKUhmX0sgU7RyJc3QEoo=\n";
constexpr std::string_view kExampleSignature =
    "\xe2\x80\x94 audit.example.com/pg-prod-1 "
    "muVERgE0+DSKdmuu+lRKZqrkEMbrqyENwIWqVesg5q7cWuyNnV5x5FcYVS4gMLl99V3/RbAY/7k7zMXFIbbL47I6fgs=\n";
const std::string kExampleNote = std::string(kExampleText) + "\n" + std::string(kExampleSignature);
const TreeHead kExampleHead{3,
                            hash_of_hex("480753836f149e4a918132be7fc8273e21ae2948665f4b2053b47225cdd0128a")};

// A signature line that is in order, by a key that nobody knows.
std::string line_by(const std::string& name, std::size_t bytes = 68) {
  return "\xe2\x80\x94 " + name + " " + base::to_base64(std::string(bytes, 'x')) + "\n";
}

// Signed anew, so that only the reader's own rules stand in the way.
std::string note_of(const std::string& text) {
  const auto key = named_key(1);
  const auto signature = key.key.sign(text).value();
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes += static_cast<char>(key_id(key.name, key.key.public_key()) >> shift & 0xffu);
  }
  bytes.append(signature.begin(), signature.end());
  return text + "\n\xe2\x80\x94 " + key.name + " " + base::to_base64(bytes) + "\n";
}

std::string refusal(const std::string& note) {
  const auto read = read_note(note);
  if (read) return "";
  EXPECT_EQ(read.error().code, base::sqlstate::invalid_parameter_value);
  return read.error().message;
}

VerifierKey example_key() {
  return read_vkey(kExampleKey).value();
}

// --- writing

TEST(NoteWriter, WritesTheBytesOfTheExample) {
  const auto key = named_key(1);
  const NamedKey* const keys[] = {&key};
  EXPECT_EQ(vkey_text(key.name, key.key.public_key()), kExampleKey);
  EXPECT_EQ(signed_note(kExampleOrigin, kExampleHead, keys).value(), kExampleNote);
}

TEST(NoteWriter, WritesALineForEachKey) {
  const auto old_key = named_key(1), new_key = named_key(2);
  const NamedKey* const keys[] = {&old_key, &new_key};
  const auto note = read_note(signed_note(kExampleOrigin, kExampleHead, keys).value()).value();
  ASSERT_EQ(note.signatures.size(), 2u);
  for (const NamedKey* key : keys) {
    const auto vkey = read_vkey(vkey_text(key->name, key->key.public_key())).value();
    EXPECT_EQ(is_signed(note, vkey), Signed::by_key);
  }
}

TEST(NoteWriter, WritesWhatTheReaderReads) {
  const auto key = named_key(1);
  const NamedKey* const keys[] = {&key};
  for (const std::uint64_t size : {std::uint64_t{1}, std::uint64_t{10}, std::uint64_t{1} << 53}) {
    const auto note =
        read_note(signed_note(kExampleOrigin, {size, hash_of_hex(std::string(64, 'a'))}, keys).value());
    ASSERT_TRUE(note) << note.error().message;
    EXPECT_EQ(note->origin, kExampleOrigin);
    EXPECT_EQ(note->size, size);
    EXPECT_EQ(to_hex(note->root), std::string(64, 'a'));
    EXPECT_EQ(is_signed(*note, example_key()), Signed::by_key);
  }
}

TEST(NoteWriter, SignsNothingThatIsNoNote) {
  const auto key = named_key(1), bad = named_key(1, "two words");
  const NamedKey* const good_keys[] = {&key};
  const NamedKey* const bad_keys[] = {&bad};
  EXPECT_FALSE(signed_note(kExampleOrigin, kExampleHead, {}));
  EXPECT_FALSE(signed_note(kExampleOrigin, kExampleHead, std::vector<const NamedKey*>(17, &key)));
  EXPECT_FALSE(signed_note(kExampleOrigin, kExampleHead, bad_keys));
  for (const char* origin : {"", "a\nb", "a b", "a+b"}) {
    EXPECT_FALSE(signed_note(origin, kExampleHead, good_keys)) << origin;
  }
}

// --- reading notes

TEST(NoteReader, ReadsTheExample) {
  const auto note = read_note(kExampleNote).value();
  EXPECT_EQ(note.origin, kExampleOrigin);
  EXPECT_EQ(note.size, 3u);
  EXPECT_EQ(note.root, kExampleHead.root);
  EXPECT_EQ(note.text, kExampleText);
  ASSERT_EQ(note.signatures.size(), 1u);
  EXPECT_EQ(note.signatures[0].name, kExampleOrigin);
  EXPECT_EQ(note.signatures[0].id, 0x9ae54446u);
  EXPECT_EQ(note.signatures[0].bytes.size(), 64u);
  EXPECT_EQ(is_signed(note, example_key()), Signed::by_key);
}

// Every bit: what can still be read is signed by nobody or wrongly.
TEST(NoteReader, NeverTakesAChangedNoteForSigned) {
  for (std::size_t bit = 0; bit < 8 * kExampleNote.size(); ++bit) {
    std::string changed = kExampleNote;
    changed[bit / 8] = static_cast<char>(static_cast<unsigned char>(changed[bit / 8]) ^ (1u << (bit % 8)));
    const auto note = read_note(changed);
    EXPECT_FALSE(note && is_signed(*note, example_key()) == Signed::by_key) << bit;
  }
  for (std::size_t size = 0; size < kExampleNote.size(); ++size) {
    EXPECT_FALSE(read_note(kExampleNote.substr(0, size))) << size;
  }
}

TEST(NoteReader, TakesTextsOfThreeLinesOnly) {
  const std::string root = "SAdTg28UnkqRgTK+f8gnPiGuKUhmX0sgU7RyJc3QEoo=\n";
  EXPECT_EQ(refusal(note_of("o\n3\n" + root)), "");
  EXPECT_THAT(refusal(note_of("o\n3\n" + root + "extension\n")), HasSubstr("three lines"));
  EXPECT_THAT(refusal(note_of("o\n3\n\n" + root)), HasSubstr("three lines"));
  EXPECT_THAT(refusal(note_of("o\n3\n" + root + "\n")), HasSubstr("three lines"));
  EXPECT_THAT(refusal(note_of("\no\n3\n" + root)), HasSubstr("three lines"));
  EXPECT_THAT(refusal(note_of("o\n3\n")), HasSubstr("three lines"));
  EXPECT_THAT(refusal(note_of("\n3\n" + root)), HasSubstr("origin"));
  EXPECT_THAT(refusal("\n" + line_by("k")), HasSubstr("no empty line"));
  EXPECT_THAT(refusal(kExampleNote + kExampleNote), HasSubstr("three lines"));
}

TEST(NoteReader, TakesSizesInTheirShortestFormOnly) {
  const std::string root = "SAdTg28UnkqRgTK+f8gnPiGuKUhmX0sgU7RyJc3QEoo=\n";
  EXPECT_EQ(refusal(note_of("o\n9223372036854775807\n" + root)), "");
  for (const char* size : {"", "00", "03", "+3", "-3", " 3", "3 ", "0x3", "3.0", "1e3", "9223372036854775808",
                           "18446744073709551616", "99999999999999999999999", "\xd9\xa3"}) {
    EXPECT_THAT(refusal(note_of("o\n" + std::string(size) + "\n" + root)), HasSubstr("no size")) << size;
  }
}

TEST(NoteReader, TakesCanonicalHashesOnly) {
  for (const char* root :
       {"", "SAdTg28UnkqRgTK+f8gnPiGuKUhmX0sgU7RyJc3QEoo", "SAdTg28UnkqRgTK+f8gnPiGuKUhmX0sgU7RyJc3QEop=",
        "SAdTg28UnkqRgTK-f8gnPiGuKUhmX0sgU7RyJc3QEoo=", " SAdTg28UnkqRgTK+f8gnPiGuKUhmX0sgU7RyJc3QEoo=",
        "SAdTg28UnkqRgTK+f8gnPiGuKUhmX0sgU7RyJc3QEg==", "SAdTg28UnkqRgTK+f8gnPiGuKUhmX0sgU7RyJc3QEooA"}) {
    EXPECT_THAT(refusal(note_of("o\n3\n" + std::string(root) + "\n")), HasSubstr("no hash")) << root;
  }
}

TEST(NoteReader, KnowsTheHashOfTheEmptyTree) {
  EXPECT_EQ(refusal(note_of("o\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n")), "");
  EXPECT_THAT(refusal(note_of("o\n0\nSAdTg28UnkqRgTK+f8gnPiGuKUhmX0sgU7RyJc3QEoo=\n")),
              HasSubstr("empty tree"));
}

TEST(NoteReader, TakesNoOtherCharacters) {
  const std::string root = "SAdTg28UnkqRgTK+f8gnPiGuKUhmX0sgU7RyJc3QEoo=\n";
  for (const char c : {'\0', '\t', '\r', '\x1b', '\x1f'}) {
    EXPECT_THAT(refusal(note_of("o" + std::string(1, c) + "\n3\n" + root)), HasSubstr("control")) << int{c};
  }
  for (const char* origin : {"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80"}) {
    EXPECT_THAT(refusal(note_of(std::string(origin) + "\n3\n" + root)), HasSubstr("UTF-8"));
  }
  std::string crlf = kExampleNote;
  crlf.insert(crlf.find('\n'), "\r");
  EXPECT_NE(refusal(crlf), "");
}

TEST(NoteReader, TakesSignatureLinesInTheirOneFormOnly) {
  const std::string text(kExampleText);
  const std::string good = line_by("key.example");
  EXPECT_EQ(refusal(text + "\n" + good), "");
  EXPECT_THAT(refusal(text), HasSubstr("no empty line"));
  EXPECT_THAT(refusal(text + "\n"), HasSubstr("no signature"));
  EXPECT_THAT(refusal(text + "\n\n"), HasSubstr("three lines"));
  const std::string dash = "\xe2\x80\x94", base64 = base::to_base64(std::string(68, 'x'));
  const std::string bad[] = {"- key.example " + base64,                  // a hyphen
                             "\xe2\x80\x93 key.example " + base64,       // an en dash
                             dash + "key.example " + base64,             // no space
                             dash + "  key.example " + base64,           // two
                             " " + dash + " key.example " + base64,      // one in front
                             dash + " key.example  " + base64,           // two between
                             dash + " key.example " + base64 + " ",      // one behind
                             dash + " key.example",                      // no signature
                             dash + " key.example ",                     // an empty one
                             dash + "  " + base64,                       // no name
                             dash + " a+b " + base64,                    // a plus in it
                             dash + " a\xc2\xa0z " + base64,             // a no-break space
                             dash + " a\xe2\x80\xaf " + base64,          // a narrow one
                             dash + " a\xe3\x80\x80z " + base64,         // an ideographic one
                             dash + " a\xc2\x85z " + base64,             // NEXT LINE
                             dash + " key.example " + base64.substr(1),  // cut
                             dash + " key.example " + base::to_base64url(std::string(68, '\xff')),
                             dash + " key.example " + base::to_base64("1234"),  // only a key id
                             "a comment"};
  for (const std::string& line : bad) {
    EXPECT_THAT(refusal(text + "\n" + line + "\n"), HasSubstr("is no signature")) << line;
    EXPECT_NE(refusal(text + "\n" + good + line + "\n" + good), "") << line;
  }
  EXPECT_EQ(refusal(text + "\n" + line_by("k\xc3\xa9y", 5)), "");
  EXPECT_THAT(refusal(kExampleNote + "\n"), HasSubstr("three lines"));
  EXPECT_THAT(refusal(kExampleNote.substr(0, kExampleNote.size() - 1)), HasSubstr("line feed"));
}

TEST(NoteReader, TakesSixteenSignaturesOfTheLargestKind) {
  std::string note = kExampleNote;
  for (int i = 1; i < 16; ++i) note += line_by("w" + std::to_string(i), 5000);
  ASSERT_EQ(refusal(note), "");
  EXPECT_EQ(is_signed(read_note(note).value(), example_key()), Signed::by_key);
  EXPECT_THAT(refusal(note + line_by("w16")), HasSubstr("more than 16"));
  EXPECT_THAT(refusal(kExampleNote + line_by("w", kMaxNoteBytes)), HasSubstr("256 KiB"));
}

// --- whose signature it is

TEST(Signed, IsUnknownWithoutALineOfThisKey) {
  const auto note = read_note(kExampleNote).value();
  const auto other_key = read_vkey(vkey_text(kExampleOrigin, key_of(2).public_key())).value();
  const auto other_name = read_vkey(vkey_text("other.example", key_of(1).public_key())).value();
  EXPECT_EQ(is_signed(note, other_key), Signed::unknown);
  EXPECT_EQ(is_signed(note, other_name), Signed::unknown);
}

// C2SP: a key that shares only its name, or only its id, is another one.
TEST(Signed, IgnoresLinesOfOtherKeys) {
  const std::string same_name = line_by(std::string(kExampleOrigin));
  std::string same_id(kExampleSignature);
  same_id.replace(same_id.find("pg-prod-1"), 9, "pg-prod-2");
  for (const std::string& other : {same_name, same_id}) {
    const auto note =
        read_note(std::string(kExampleText) + "\n" + other + std::string(kExampleSignature)).value();
    EXPECT_EQ(is_signed(note, example_key()), Signed::by_key);
    EXPECT_EQ(is_signed(read_note(std::string(kExampleText) + "\n" + other).value(), example_key()),
              Signed::unknown);
  }
}

TEST(Signed, IsWrongAsAWholeWhereOneLineOfThisKeyIs) {
  std::string wrong(kExampleSignature);
  wrong[wrong.size() - 10] = wrong[wrong.size() - 10] == 'A' ? 'B' : 'A';
  const std::string cut =
      "\xe2\x80\x94 " + std::string(kExampleOrigin) + " " + base::to_base64("\x9a\xe5\x44\x46xyz") + "\n";
  const std::string start = std::string(kExampleText) + "\n";
  for (const std::string& line : {wrong, cut}) {
    for (const std::string& lines :
         {line, line + std::string(kExampleSignature), std::string(kExampleSignature) + line}) {
      EXPECT_EQ(is_signed(read_note(start + lines).value(), example_key()), Signed::wrong) << lines;
    }
  }
}

// The example of c2sp.org/signed-note: a note that is no checkpoint.
TEST(Signed, HoldsForTheExampleOfTheSpecification) {
  const auto key = read_vkey("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k").value();
  const auto bytes =
      base::from_base64(
          "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=")
          .value();
  Note note;
  note.text = "This is an example message.\n";
  note.signatures.push_back({key.name, key.id, bytes.substr(4)});
  EXPECT_EQ(bytes.substr(0, 4), "\x53\x0d\x90\x3a");
  EXPECT_EQ(is_signed(note, key), Signed::by_key);
  note.text = "This is an example message.";
  EXPECT_EQ(is_signed(note, key), Signed::wrong);
}

// --- reading public keys

TEST(VerifierKeyReader, ReadsTheExample) {
  const auto key = example_key();
  EXPECT_EQ(key.name, kExampleOrigin);
  EXPECT_EQ(key.id, 0x9ae54446u);
  EXPECT_EQ(key.key, key_of(1).public_key());
}

TEST(VerifierKeyReader, TakesNoChangedKey) {
  for (std::size_t bit = 0; bit < 8 * kExampleKey.size(); ++bit) {
    std::string changed(kExampleKey);
    changed[bit / 8] = static_cast<char>(static_cast<unsigned char>(changed[bit / 8]) ^ (1u << (bit % 8)));
    EXPECT_FALSE(read_vkey(changed)) << changed;
  }
  for (std::size_t size = 0; size < kExampleKey.size(); ++size) {
    EXPECT_FALSE(read_vkey(kExampleKey.substr(0, size))) << size;
  }
}

TEST(VerifierKeyReader, SaysWhatIsWrong) {
  const auto wrong = [](const std::string& text) {
    const auto key = read_vkey(text);
    return key ? std::string() : key.error().message;
  };
  const std::string key(kExampleKey);
  EXPECT_THAT(wrong(""), HasSubstr("three parts"));
  EXPECT_THAT(wrong("gate.example"), HasSubstr("three parts"));
  EXPECT_THAT(wrong(key + "\n"), HasSubstr("Ed25519"));
  EXPECT_THAT(wrong(" " + key), HasSubstr("spaces"));
  EXPECT_THAT(wrong("+" + key), HasSubstr("spaces, or is none"));
  EXPECT_THAT(wrong("audit.example.com/pg-prod-1+9AE54446" + key.substr(key.rfind("+AY"))),
              HasSubstr("belong together"));
  EXPECT_THAT(wrong("audit.example.com/pg-prod-2" + key.substr(key.find('+'))), HasSubstr("belong together"));
  EXPECT_THAT(wrong("audit.example.com/pg-prod-1+9ae54446+AoqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"),
              HasSubstr("Ed25519"));
  EXPECT_THAT(wrong("k+9ae54446+AQ=="), HasSubstr("Ed25519"));
}

TEST(VerifierKeyReader, TakesTheNamesOfLogsAlone) {
  const auto is_taken = [](const std::string& name) {
    return read_vkey(vkey_text(name, key_of(1).public_key())).has_value();
  };
  EXPECT_TRUE(is_taken("!~"));
  EXPECT_TRUE(is_taken(std::string(255, 'a')));
  EXPECT_FALSE(is_taken(std::string(256, 'a')));
  for (const char* name : {"", "a b", "a#b", "a\"b", "a\\b", "a\x7f", "\xc3\xa4", "a\xc2\x9b", "a\nb"})
    EXPECT_FALSE(is_taken(name)) << name;
}

// Whoever mixes the files up must not find the private key in a terminal's history or in a log.
TEST(VerifierKeyReader, KeepsAPrivateKeyToItself) {
  const auto key = read_vkey("PRIVATE+KEY+gate.example+9ae54446+AQEBAQEB");
  ASSERT_FALSE(key);
  EXPECT_THAT(key.error().message, HasSubstr("private"));
  EXPECT_THAT(key.error().message, Not(HasSubstr("AQEB")));
}

}  // namespace
}  // namespace portcullis::audit
