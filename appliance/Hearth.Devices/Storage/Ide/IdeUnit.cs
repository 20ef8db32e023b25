using Hearth.Machine;

namespace Hearth.Devices.Storage.Ide;

/// <summary>A drive that is plugged in.</summary>
/// <param name="Backend">The disk or the disc; null for a CD drive without one.</param>
/// <param name="IsCd">A CD drive: its backend holds sectors of 2048 bytes and is only read.</param>
/// <param name="Serial">At most 20 ASCII characters.</param>
public sealed record IdeUnit(IBlockBackend? Backend, bool IsCd, string Serial);
