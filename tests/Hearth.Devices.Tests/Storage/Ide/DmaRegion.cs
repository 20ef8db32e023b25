namespace Hearth.Devices.Tests.Storage.Ide;

/// <summary>A physical region descriptor.</summary>
/// <param name="Length">Bytes, up to 64 KiB.</param>
/// <param name="IsLast">It ends its table.</param>
internal readonly record struct DmaRegion(uint Address, int Length, bool IsLast = false);
