using Hearth.Linux;
using Hearth.Protocol;

namespace Hearth.Screen;

/// <summary>What a guest's one screen is made of, to be shared between its process and whoever looks.</summary>
internal sealed class ScreenFiles : IDisposable
{
    private readonly FileDescriptor _picture = FileDescriptor.CreateSharedMemory("hearth-screen", ScanoutLayout.Length);
    private readonly FileDescriptor _wish = FileDescriptor.CreateSharedMemory("hearth-screen-wish", ScanoutWish.Length);
    private readonly EventDescriptor _ready = new();
    private readonly EventDescriptor _wanted = new();

    /// <exception cref="LinuxException">The host refused.</exception>
    public ScreenFiles(ScreenSize size)
    {
        using MappedMemory wish = MappedMemory.Shared(_wish, ScanoutWish.Length);
        ScanoutWish.Write(wish.Bytes(0, ScanoutWish.Length), size.Width, size.Height);
    }

    public IReadOnlyList<int> Descriptors => [_picture.Number, _wish.Number, _ready.Number, _wanted.Number];

    public DisplayConfiguration Describe(string card) => new(card, _wanted.Number, [new ScanoutConfiguration(_picture.Number, _wish.Number, _ready.Number)]);

    /// <summary>Lets everything live on in the programs that are executed next.</summary>
    /// <exception cref="LinuxException">The host refused.</exception>
    public void KeepOnExecute()
    {
        _picture.KeepOnExecute();
        _wish.KeepOnExecute();
        _ready.KeepOnExecute();
        _wanted.KeepOnExecute();
    }

    public void Dispose()
    {
        _picture.Dispose();
        _wish.Dispose();
        _ready.Dispose();
        _wanted.Dispose();
    }
}
