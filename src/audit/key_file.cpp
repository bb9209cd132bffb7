// The key's bytes are only ever in buffers that are wiped: hence no std::string that grows, and OpenSSL's
// base64, which writes where it is told.
#include "audit/key_file.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "audit/origin.hpp"
#include "audit/wiped.hpp"
#include "base/descriptor.hpp"
#include "base/secret.hpp"

namespace portcullis::audit {
namespace {

constexpr std::string_view kStart = "PRIVATE+KEY+";
constexpr unsigned char kEd25519 = 0x01;
constexpr std::size_t kKeyBytes = 1 + 32;              // the type and the seed
constexpr std::size_t kKeyDigits = kKeyBytes / 3 * 4;  // in base64: a multiple of three bytes, so no padding
constexpr std::size_t kLargestFile = 512;              // with a name of 255 characters it has 321 bytes
constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string quoted(const std::filesystem::path& file) {
  return "\"" + file.string() + "\"";
}

// --- writing -----------------------------------------------------------------------------------------------

base::Error cannot_write(const std::filesystem::path& file, int error) {
  if (error == EEXIST) {
    return {.code = base::sqlstate::io_error,
            .message = quoted(file) + " is there already, and a key is never overwritten: name another file"};
  }
  return {.code = base::sqlstate::io_error,
          .message = "cannot write " + quoted(file) + ": " + std::generic_category().message(error)};
}

// O_EXCL: what is there, a symbolic link to nowhere too, is left alone.
base::Result<void> create_file(const std::filesystem::path& file, mode_t mode, std::string_view content) {
  const base::Descriptor made(
      ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (!made.is_open()) return cannot_write(file, errno);
  const int error = base::write_and_sync(made, content);
  if (error == 0) return {};
  ::unlink(file.c_str());
  return cannot_write(file, error);
}

// So that the names are on disk as the files are.
base::Result<void> sync_folder_of(const std::filesystem::path& file) {
  const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  const base::Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened.is_open() || ::fsync(opened.get()) != 0) return cannot_write(file, errno);
  return {};
}

base::Result<base::Secret> private_line(const NamedKey& key) {
  Seed seed;
  if (const auto revealed = key.key.reveal(seed); !revealed) return revealed.error();
  Wiped<kKeyBytes> bytes;
  bytes.bytes[0] = kEd25519;
  std::copy(seed.bytes.begin(), seed.bytes.end(), bytes.bytes.begin() + 1);
  Wiped<kKeyDigits + 1> digits;  // and a zero byte
  EVP_EncodeBlock(digits.bytes.data(), bytes.bytes.data(), static_cast<int>(kKeyBytes));

  std::string line;
  line.reserve(kLargestFile);
  line += kStart;
  line += key.name + "+" + key_id_text(key.name, key.key.public_key()) + "+";
  line.append(digits.bytes.begin(), digits.bytes.begin() + kKeyDigits);
  line += '\n';
  return base::Secret(std::move(line));
}

// --- reading -----------------------------------------------------------------------------------------------

base::Error refuse(const std::filesystem::path& file, const std::string& why) {
  return {.code = base::sqlstate::config_file_error, .message = quoted(file) + " " + why};
}

base::Error cannot_read(const std::filesystem::path& file, int error) {
  if (error == ELOOP) return refuse(file, "is a symbolic link: name the key's file itself");
  return {.code = base::sqlstate::config_file_error,
          .message = "cannot read " + quoted(file) + ": " + std::generic_category().message(error)};
}

base::Result<void> check(const std::filesystem::path& file, const struct stat& status) {
  if (!S_ISREG(status.st_mode)) return refuse(file, "is not a regular file: name the key's file");
  if (status.st_uid != 0 && status.st_uid != ::geteuid()) {
    return refuse(file,
                  "belongs to another user, who can sign as this log: chown it to the user that runs this");
  }
  if ((status.st_mode & 0077u) != 0) {
    return refuse(file,
                  "may be read or written by its group or others: run chmod 600 on it, or make a new key");
  }
  return {};
}

base::Error no_key(const std::filesystem::path& file) {
  return refuse(file, "is not a log's private key: make one with `portcullis audit keygen`");
}

base::Result<base::Secret> read_private_file(const std::filesystem::path& file) {
  // O_NONBLOCK: opening a named pipe must not wait for its writer.
  const base::Descriptor opened(::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  if (!opened.is_open()) return cannot_read(file, errno);
  struct stat status {};
  if (::fstat(opened.get(), &status) != 0) return cannot_read(file, errno);
  if (const auto checked = check(file, status); !checked) return checked.error();
  std::string content(kLargestFile + 1, '\0');
  const ssize_t count = ::pread(opened.get(), content.data(), content.size(), 0);
  const int error = errno;
  content.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  base::Secret secret(std::move(content));
  if (count < 0) return cannot_read(file, error);
  if (static_cast<std::size_t>(count) > kLargestFile) return no_key(file);
  return secret;
}

// The seed of 44 digits: 33 bytes, the first of which says what it is.
bool decode_seed(std::string_view digits, Seed& seed) {
  if (digits.size() != kKeyDigits || digits.find_first_not_of(kBase64) != std::string_view::npos)
    return false;
  Wiped<kKeyBytes> bytes;
  const int size = EVP_DecodeBlock(bytes.bytes.data(), reinterpret_cast<const unsigned char*>(digits.data()),
                                   static_cast<int>(digits.size()));
  if (size != static_cast<int>(kKeyBytes) || bytes.bytes[0] != kEd25519) return false;
  std::copy(bytes.bytes.begin() + 1, bytes.bytes.end(), seed.bytes.begin());
  return true;
}

}  // namespace

std::filesystem::path public_key_file(const std::filesystem::path& file) {
  return file.string() + ".pub";
}

base::Result<void> write_key_files(const std::filesystem::path& file, const NamedKey& key) {
  if (const auto named = check_log_name(key.name); !named) return named;
  const auto line = private_line(key);
  if (!line) return line.error();
  if (auto written = create_file(file, 0600, line->reveal()); !written) return written;
  const auto public_file = public_key_file(file);
  if (auto written = create_file(public_file, 0644, vkey_text(key.name, key.key.public_key()) + "\n");
      !written) {
    ::unlink(file.c_str());
    return written;
  }
  auto synced = sync_folder_of(file);
  if (synced) return synced;
  ::unlink(public_file.c_str());
  ::unlink(file.c_str());
  return synced;
}

base::Result<NamedKey> read_key_file(const std::filesystem::path& file) {
  const auto content = read_private_file(file);
  if (!content) return content.error();
  std::string_view line = content->reveal();
  if (!line.starts_with(kStart) || !line.ends_with('\n')) return no_key(file);
  line = line.substr(kStart.size(), line.size() - kStart.size() - 1);
  const auto first = line.find('+');
  const auto second = first == std::string_view::npos ? first : line.find('+', first + 1);
  if (second == std::string_view::npos) return no_key(file);
  const std::string name(line.substr(0, first));
  Seed seed;
  if (!check_log_name(name) || !decode_seed(line.substr(second + 1), seed)) return no_key(file);
  auto key = SigningKey::from_seed(seed);
  if (!key) return key.error();
  if (line.substr(first + 1, second - first - 1) != key_id_text(name, key->public_key())) {
    return refuse(file, "is damaged, its parts do not belong together: take it from a copy");
  }
  return NamedKey{name, std::move(*key)};
}

}  // namespace portcullis::audit
