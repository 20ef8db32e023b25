using Hearth.Hostile.Interop;

namespace Hearth.Hostile.Attempts;

/// <summary>To get rights back.</summary>
internal static class PrivilegeAttempts
{
    private const int Prctl = 157;
    private const int NewUser = 0x10000000;
    private const int NewMounts = 0x20000;

    public static IEnumerable<Attempt> All =>
    [
        new("become root", () => RawCall.Make(105, 0)),
        new("become root for good", () => RawCall.Make(117, 0, 0, 0)),
        new("become root's group", () => RawCall.Make(106, 0)),
        new("join groups", () => RawCall.MakeWith([], list => RawCall.Make(116, 1, list))),
        new("take a capability", () => RawCall.MakeWith([0x22, 0x05, 0x08, 0x20], header => RawCall.MakeWith([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], data => RawCall.Make(126, header, data)))),
        new("allow new privileges", () => RawCall.Make(Prctl, 38, 0)),
        new("raise an ambient capability", () => RawCall.Make(Prctl, 47, 2, 21)),
        new("change the securebits", () => RawCall.Make(Prctl, 28, 0)),
        new("be traced by anybody", () => RawCall.Make(Prctl, 0x59616D61, -1)),
        new("leave the filter", () => RawCall.Make(Prctl, 22, 0)),
        new("replace the filter", () => RawCall.MakeWith([], program => RawCall.Make(317, 1, 0, program))),
        new("outlive a limit", () => RawCall.MakeWith([0xFF, 0xFF, 0xFF, 0], limit => RawCall.Make(302, 0, 7, limit))),
        new("set a limit", () => RawCall.MakeWith([0xFF, 0xFF, 0xFF, 0], limit => RawCall.Make(160, 7, limit))),
        new("run in real time", () => RawCall.MakeWith([1], parameters => RawCall.Make(144, 0, 1, parameters))),
        new("mount", () => RawCall.MakeWith("tmpfs", kind => RawCall.MakeWith("/", folder => RawCall.Make(165, kind, folder, kind)))),
        new("make the root writable", () => RawCall.MakeWith("/", folder => RawCall.Make(165, 0, folder, 0, 0x1020))),
        new("unmount", () => RawCall.MakeWith("/", folder => RawCall.Make(166, folder, 2))),
        new("move the root", () => RawCall.MakeWith(".", folder => RawCall.Make(155, folder, folder))),
        new("change the root", () => RawCall.MakeWith(".", folder => RawCall.Make(161, folder))),
        new("make a user namespace", () => RawCall.Make(272, NewUser)),
        new("make a mount namespace", () => RawCall.Make(272, NewMounts)),
        new("enter a namespace", () => RawCall.Make(308, GivenNumber.ReadOnlyFile, 0)),
        new("open a file system", () => RawCall.MakeWith("tmpfs", kind => RawCall.Make(430, kind, 0))),
        new("open a tree of mounts", () => RawCall.MakeWith("/", folder => RawCall.Make(428, -100, folder, 1))),
        new("name the host", () => RawCall.MakeWith("hostile", name => RawCall.Make(170, name, 7))),
        new("set the clock", () => RawCall.MakeWith([], time => RawCall.Make(227, 0, time))),
        new("use ports", () => RawCall.Make(173, 0x70, 2, 1)),
        new("use all ports", () => RawCall.Make(172, 3)),
        new("become another architecture", () => RawCall.Make(135, 8)),
    ];
}
