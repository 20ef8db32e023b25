using Hearth.Machine;
using Hearth.Memory;

namespace Hearth.Vm.Composition;

/// <summary>What devices have in the guest's own memory map.</summary>
/// <param name="Ram">Memory that a balloon can give back.</param>
/// <param name="Shadow">The firmware's ROM and its shadow; null for a machine without firmware.</param>
/// <param name="FrameBuffer">As many bytes as <see cref="DeviceCatalogue.DeviceMemoryOf"/> says; null for none.</param>
internal sealed record MappedDevices(IReclaimableMemory Ram, ShadowMemory? Shadow, IDeviceMemory? FrameBuffer);
