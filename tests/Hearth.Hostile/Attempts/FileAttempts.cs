using System.Globalization;
using Hearth.Hostile.Interop;

namespace Hearth.Hostile.Attempts;

/// <summary>To reach a file by any name.</summary>
internal static class FileAttempts
{
    private const int Open = 2;
    private const int OpenAt = 257;
    private const int OpenAt2 = 437;
    private const int CurrentFolder = -100;
    private const int ReadWrite = 2;
    private const int ReadWriteCreate = 0x42;
    private const int Temporary = 0x410002;

    public static IEnumerable<Attempt> All(Victims victims)
    {
        string supervisor = victims.Supervisor.ToString(CultureInfo.InvariantCulture);
        string neighbour = victims.Neighbour.ToString(CultureInfo.InvariantCulture);
        foreach (string path in (string[])
            [
                "/etc/passwd", "etc/passwd", "../../../../etc/passwd", "/", ".", "/proc/1/root/etc/passwd", "/proc/self/fd/5", "/proc/self/mem", "/dev/kvm",
                "/dev/null", "/sys/kernel", "/tmp", $"/proc/{supervisor}/mem", $"/proc/{neighbour}/mem", $"/proc/{supervisor}/environ", $"/proc/{neighbour}/maps",
            ])
        {
            yield return new($"open {path}", () => RawCall.MakeWith(path, name => RawCall.Make(Open, name)));
            yield return new($"openat {path}", () => RawCall.MakeWith(path, name => RawCall.Make(OpenAt, CurrentFolder, name)));
        }

        yield return new("openat .. of a given file", () => RawCall.MakeWith("..", name => RawCall.Make(OpenAt, GivenNumber.ReadOnlyFile, name)));
        yield return new("openat nothing of a given file", () => RawCall.MakeWith("", name => RawCall.Make(OpenAt, GivenNumber.ReadOnlyFile, name, 1)));
        yield return new("openat2 /etc/passwd", () => RawCall.MakeWith("/etc/passwd", name => RawCall.MakeWith([], how => RawCall.Make(OpenAt2, CurrentFolder, name, how, 24))));
        yield return new("write to everybody's file", () => RawCall.MakeWith(Path.Combine(AppContext.BaseDirectory, "data"), name => RawCall.Make(OpenAt, CurrentFolder, name, ReadWrite)));
        yield return new("make a file in everybody's folder", () => RawCall.MakeWith("/tmp", name => RawCall.Make(OpenAt, CurrentFolder, name, Temporary, 0x1FF)));
        yield return new("make a file", () => RawCall.MakeWith("/file", name => RawCall.Make(OpenAt, CurrentFolder, name, ReadWriteCreate, 0x1FF)));
        yield return new("make a file without a name", () => RawCall.MakeWith("/", name => RawCall.Make(OpenAt, CurrentFolder, name, Temporary, 0x1FF)));
        yield return new("make a folder", () => RawCall.MakeWith("/folder", name => RawCall.Make(83, name, 0x1FF)));
        yield return new("make a device", () => RawCall.MakeWith("/device", name => RawCall.Make(133, name, 0x2180, 0x103)));
        yield return new("link the given file", () => RawCall.MakeWith("", from => RawCall.MakeWith("/file", to => RawCall.Make(265, GivenNumber.ReadOnlyFile, from, CurrentFolder, to, 0x1000))));
        yield return new("stat /etc/passwd", () => RawCall.MakeWith("/etc/passwd", name => RawCall.MakeWith([], to => RawCall.Make(4, name, to))));
        yield return new("readlink /proc/self/exe", () => RawCall.MakeWith("/proc/self/exe", name => RawCall.MakeWith([], to => RawCall.Make(89, name, to, 100))));
        yield return new("change to /proc", () => RawCall.MakeWith("/proc", name => RawCall.Make(80, name)));
        yield return new("change to a given file", () => RawCall.Make(81, GivenNumber.ReadOnlyFile));
        yield return new("list a given descriptor", () => RawCall.MakeWith([], to => RawCall.Make(217, GivenNumber.ReadOnlyFile, to, 4096)));
        yield return new("open by a handle", () => RawCall.MakeWith([8, 0, 0, 0, 1, 0, 0, 0], handle => RawCall.Make(304, GivenNumber.ReadOnlyFile, handle, 0)));
        yield return new("watch files", () => RawCall.Make(294, 0));
        yield return new("watch all files", () => RawCall.Make(300, 0, 0));
    }
}
