using System.Globalization;
using Hearth.Doctor.Facts;
using Hearth.Doctor.Reading;

namespace Hearth.Tests.Doctor;

public sealed class InputReaderTests : IDisposable
{
    // As kernels write them.
    private const string Keyboard =
        """
        I: Bus=0011 Vendor=0001 Product=0001 Version=ab41
        N: Name="AT Translated Set 2 keyboard"
        P: Phys=isa0060/serio0/input0
        S: Sysfs=/devices/platform/i8042/serio0/input/input4
        U: Uniq=
        H: Handlers=sysrq kbd event4 leds 
        B: PROP=0
        B: EV=120013
        B: KEY=402000000 3803078f800d001 feffffdfffefffff fffffffffffffffe
        B: MSC=10
        B: LED=7


        """;

    private const string PowerButton =
        """
        I: Bus=0019 Vendor=0000 Product=0001 Version=0000
        N: Name="Power Button"
        P: Phys=PNP0C0C/button/input0
        S: Sysfs=/devices/LNXSYSTM:00/LNXSYBUS:00/PNP0C0C:00/input/input0
        U: Uniq=
        H: Handlers=kbd event0 
        B: PROP=0
        B: EV=3
        B: KEY=10000000000000 0


        """;

    private const string Mouse =
        """
        I: Bus=0003 Vendor=046d Product=c077 Version=0111
        N: Name="Logitech USB Optical Mouse"
        P: Phys=usb-0000:00:14.0-2/input0
        S: Sysfs=/devices/pci0000:00/0000:00:14.0/usb1/1-2/1-2:1.0/0003:046D:C077.0001/input/input7
        U: Uniq=
        H: Handlers=mouse0 event7 
        B: PROP=0
        B: EV=17
        B: KEY=ff0000 0 0 0 0
        B: REL=1943
        B: MSC=10


        """;

    private const string Touchpad =
        """
        I: Bus=0018 Vendor=04f3 Product=30aa Version=0100
        N: Name="ELAN0504:01 04F3:30AA Touchpad"
        P: Phys=i2c-ELAN0504:01
        S: Sysfs=/devices/pci0000:00/0000:00:15.1/i2c_designware.1/i2c-1/i2c-ELAN0504:01/0018:04F3:30AA.0001/input/input12
        U: Uniq=
        H: Handlers=mouse1 event9 
        B: PROP=5
        B: EV=1b
        B: KEY=e520 10000 0 0 0 0
        B: ABS=2e0800000000003
        B: MSC=20


        """;

    private const string Touchscreen =
        """
        I: Bus=0003 Vendor=04e7 Product=0020 Version=0110
        N: Name="Elo TouchSystems IntelliTouch"
        H: Handlers=mouse2 event10 
        B: PROP=2
        B: EV=1b
        B: KEY=400 0 0 0 0 0
        B: ABS=260800000000003


        """;

    private const string Gamepad =
        """
        I: Bus=0003 Vendor=045e Product=028e Version=0114
        N: Name="Microsoft X-Box 360 pad"
        P: Phys=usb-0000:00:14.0-4/input0
        H: Handlers=event15 js0 
        B: PROP=0
        B: EV=20000b
        B: KEY=7cdb000000000000 0 0 0 0
        B: ABS=3003f
        B: FF=107030000 0


        """;

    private const string Jack =
        """
        I: Bus=0000 Vendor=0000 Product=0000 Version=0000
        N: Name="HDA Intel PCH Headphone"
        P: Phys=ALSA
        H: Handlers=event13 
        B: PROP=0
        B: EV=21
        B: SW=4


        """;

    private readonly HostFolder _host = new();

    [Theory]
    [InlineData(Keyboard, "Keyboard", "AT Translated Set 2 keyboard", "isa0060/serio0/input0", "event4")]
    [InlineData(PowerButton, "Buttons", "Power Button", "PNP0C0C/button/input0", "event0")]
    [InlineData(Mouse, "Mouse", "Logitech USB Optical Mouse", "usb-0000:00:14.0-2/input0", "event7")]
    [InlineData(Touchpad, "Touchpad", "ELAN0504:01 04F3:30AA Touchpad", "i2c-ELAN0504:01", "event9")]
    [InlineData(Touchscreen, "Touchscreen", "Elo TouchSystems IntelliTouch", null, "event10")]
    [InlineData(Gamepad, "Gamepad", "Microsoft X-Box 360 pad", "usb-0000:00:14.0-4/input0", "event15")]
    [InlineData(Jack, "Other", "HDA Intel PCH Headphone", "ALSA", "event13")]
    public void Read_aDevice_isWhatItCanSend(string block, string kind, string name, string? path, string handler)
    {
        _host.With("proc/bus/input/devices", block);

        InputDevice device = Assert.Single(InputReader.Read(_host.Tree).Devices);

        Assert.Equal(new InputDevice(Enum.Parse<InputKind>(kind), name, path, handler), device);
    }

    [Fact]
    public void Read_severalDevices_keepTheirOrder()
    {
        _host.With("proc/bus/input/devices", PowerButton + Keyboard + Mouse);

        Assert.Equal([InputKind.Buttons, InputKind.Keyboard, InputKind.Mouse], InputReader.Read(_host.Tree).Devices.Select(device => device.Kind));
    }

    [Fact]
    public void Read_anEndlessName_isCut()
    {
        _host.With("proc/bus/input/devices", string.Create(CultureInfo.InvariantCulture, $"N: Name=\"{new string('x', 5000)}\"\n"));

        Assert.Equal(new string('x', PrintableText.LongestName) + "…", Assert.Single(InputReader.Read(_host.Tree).Devices).Name);
    }

    [Fact]
    public void Read_oddBlocks_throwNothing()
    {
        _host.With("proc/bus/input/devices", "B: KEY=zzzz\n\nN: Name=\"\"\nB: KEY=fffffffffffffffffffff 1\nH: Handlers=\n");

        Assert.Equal([new InputDevice(InputKind.Buttons, "(no name)", null, null)], InputReader.Read(_host.Tree).Devices);
    }

    [Fact]
    public void Read_noDevice_saysWhy()
    {
        Assert.Equal("the kernel has no input devices (/proc/bus/input/devices is not there)", InputReader.Read(_host.Tree).Note);

        _host.With("proc/bus/input/devices", "");

        Assert.Equal("there is no keyboard, no mouse and nothing like them", InputReader.Read(_host.Tree).Note);
    }

    public void Dispose() => _host.Dispose();
}
