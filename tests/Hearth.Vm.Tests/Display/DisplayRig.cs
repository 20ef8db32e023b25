using Hearth.Linux;
using Hearth.Protocol;
using Hearth.Vm.Display;

namespace Hearth.Vm.Tests.Display;

/// <summary>A guest's screens with a viewer at the other side of their files. The display owns the descriptors, and the viewer uses them while it is there.</summary>
internal sealed class DisplayRig : IDisposable
{
    private readonly MappedMemory _picture;
    private readonly MappedMemory _wish;

    public DisplayRig()
    {
        PictureFile = FileDescriptor.CreateSharedMemory("picture", ScanoutLayout.Length);
        FileDescriptor wish = FileDescriptor.CreateSharedMemory("wish", ScanoutWish.Length);
        _picture = MappedMemory.SharedReadOnly(PictureFile, ScanoutLayout.Length);
        _wish = MappedMemory.Shared(wish, ScanoutWish.Length);
        WriteWish(640, 480);
        Display = new GuestDisplay(new DisplayConfiguration("virtio", Wanted.Number, [new ScanoutConfiguration(PictureFile.Number, wish.Number, Ready.Number)]));
    }

    public GuestDisplay Display { get; }

    public EventDescriptor Wanted { get; } = new();

    public EventDescriptor Ready { get; } = new();

    public FileDescriptor PictureFile { get; }

    public ReadOnlySpan<byte> Shared => _picture.Bytes(0, ScanoutLayout.Length);

    public void WriteWish(int width, int height) => ScanoutWish.Write(_wish.Bytes(0, ScanoutWish.Length), width, height);

    /// <summary>Waits for a frame.</summary>
    public bool WaitReady(int milliseconds)
    {
        Ready.Wait(milliseconds * 1_000_000L);
        return Ready.TryTake();
    }

    public void Dispose()
    {
        Display.Dispose();
        _picture.Dispose();
        _wish.Dispose();
    }
}
